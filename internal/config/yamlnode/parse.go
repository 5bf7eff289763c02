package yamlnode

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/program"
)

// Parse returns data as nodes and adds the problems that it finds to d. The node is
// nil when data cannot be read as one YAML map.
func Parse(d *Diagnosis, data []byte) *Node {
	return parse(d, data, nesting.FindExcess, maxNodes)
}

// ParseLong is Parse with higher limits, for lists of thousands of deployments.
func ParseLong(d *Diagnosis, data []byte) *Node {
	return parse(d, data, nesting.FindLongExcess, maxLongNodes)
}

// excessFinder returns the first token at which a text exceeds a limit of the parser, with
// the error that says which.
type excessFinder func(token.Tokens) (*token.Token, error)

// parse turns data into at most maxNodes nodes.
func parse(d *Diagnosis, data []byte, findExcess excessFinder, maxNodes int) *Node {
	if message, at := findEncodingProblem(data); message != "" {
		d.Add(at, "", "save the file as UTF-8 text", "%s", message)
		return nil
	}
	if err := nesting.CheckSigns(data); err != nil {
		addSyntaxProblem(d, syntaxError{err, Pos{1, 1}})
		return nil
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n") // the lexer counts some of these line endings twice
	file, err := parseTokens(lexer.Tokenize(text), findExcess)
	if err != nil {
		addSyntaxProblem(d, err)
		return nil
	}
	return buildDocument(d, file, maxNodes)
}

// buildDocument returns the only document of a file as nodes.
func buildDocument(d *Diagnosis, file *ast.File, maxNodes int) *Node {
	bodies := file.Docs[:0:0]
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			bodies = append(bodies, doc)
		}
	}
	switch len(bodies) {
	case 0:
		d.Add(Pos{1, 1}, "", program.Text("write one with `mage init -force`"), "the file is empty")
		return nil
	case 1:
	default:
		d.Add(positionOf(bodies[1].Start), "", "keep one document in a file: take out the line `---`",
			"a second YAML document begins here")
		return nil
	}
	b := builder{d: d, anchors: map[string]*Node{}, maxNodes: maxNodes}
	root := b.build(bodies[0].Body, "")
	if b.tooLarge {
		return nil
	}
	if root.Kind != MapKind {
		d.Add(root.At, "", "a configuration begins with keys such as config_version: 2",
			"the file must hold a map at top level, not %s", root.Describe(""))
		return nil
	}
	return root
}

// parseTokens checks the nesting and then parses. It returns a panic of the parser, which
// unusual input can cause, as an error.
func parseTokens(tokens token.Tokens, findExcess excessFinder) (file *ast.File, err error) {
	if at, err := findExcess(tokens); err != nil {
		return nil, syntaxError{err, positionOf(at)}
	}
	defer func() {
		if recover() != nil {
			file, err = nil, syntaxError{errors.New("the YAML cannot be understood"), Pos{1, 1}}
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// syntaxError is an error with its place in the file.
type syntaxError struct {
	error
	at Pos
}

// Unwrap returns the error without its place.
func (e syntaxError) Unwrap() error { return e.error }

// addSyntaxProblem adds a parser's error as a problem, at the parser's place and in FlowGate's
// words.
func addSyntaxProblem(d *Diagnosis, err error) {
	if errors.Is(err, nesting.ErrTooMany) {
		d.Code = "config-too-large"
	}
	message, at := "the YAML cannot be understood", Pos{1, 1}
	var syntaxErr syntaxError
	var yamlErr yaml.Error
	switch { // the Error method of yaml.Error prints the source, which takes minutes for a large file
	case errors.As(err, &syntaxErr):
		message, at = syntaxErr.Error(), syntaxErr.at
	case errors.As(err, &yamlErr):
		message = yamlErr.GetMessage()
		if t := yamlErr.GetToken(); t != nil {
			at = positionOf(t)
		}
	}
	message, hint := explainSyntax(message)
	d.Add(at, "", hint, "%s", message)
}

// positionOf returns the place of a token, or the beginning of the file when it has none.
func positionOf(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{1, 1}
	}
	return Pos{t.Position.Line, max(t.Position.Column, 1)}
}
