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

// Parse turns data into nodes. Whatever is wrong is added to d; the node is
// nil when nothing can be read from the file.
func Parse(d *Diagnosis, data []byte) *Node {
	return parse(d, data, nesting.FindExcess, maxNodes)
}

// ParseLong is Parse for lists of thousands of deployments: its bounds are higher than
// real texts reach.
func ParseLong(d *Diagnosis, data []byte) *Node {
	return parse(d, data, nesting.FindLongExcess, maxLongNodes)
}

// findExcess returns the token at which a text is too much for the parser.
type findExcess func(token.Tokens) (*token.Token, error)

// parse turns data into at most maxNodes nodes.
func parse(d *Diagnosis, data []byte, find findExcess, maxNodes int) *Node {
	if message, at := encodingProblem(data); message != "" {
		d.Add(at, "", "save the file as UTF-8 text", "%s", message)
		return nil
	}
	if err := nesting.CheckSigns(data); err != nil {
		addSyntaxProblem(d, syntaxError{err, Pos{1, 1}})
		return nil
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n") // the lexer counts some of them twice
	file, err := parseTokens(lexer.Tokenize(text), find)
	if err != nil {
		addSyntaxProblem(d, err)
		return nil
	}
	return buildDocument(d, file, maxNodes)
}

// buildDocument returns the one document of a file as nodes.
func buildDocument(d *Diagnosis, file *ast.File, maxNodes int) *Node {
	bodies := file.Docs[:0:0]
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			bodies = append(bodies, doc)
		}
	}
	switch len(bodies) {
	case 0:
		d.Add(Pos{1, 1}, "", program.Text("write one with `mage init`"), "the file is empty")
		return nil
	case 1:
	default:
		d.Add(positionOf(bodies[1].Start), "", "keep one document a file: take out the line `---`",
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

// parseTokens parses after checking the nesting. A panic of the parser on
// input that nobody thought of is an error like any other.
func parseTokens(tokens token.Tokens, find findExcess) (file *ast.File, err error) {
	if at, err := find(tokens); err != nil {
		return nil, syntaxError{err, positionOf(at)}
	}
	defer func() {
		if recover() != nil {
			file, err = nil, syntaxError{errors.New("the YAML cannot be understood"), Pos{1, 1}}
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

type syntaxError struct {
	error
	at Pos
}

// Unwrap returns the error itself.
func (e syntaxError) Unwrap() error { return e.error }

// addSyntaxProblem adds a parser's error with the parser's place and our words.
func addSyntaxProblem(d *Diagnosis, err error) {
	if errors.Is(err, nesting.ErrTooMany) {
		d.Code = "config-too-large"
	}
	message, at := "the YAML cannot be understood", Pos{1, 1}
	var own syntaxError
	var theirs yaml.Error
	switch { // their Error method prints the source: minutes for a large file
	case errors.As(err, &own):
		message, at = own.Error(), own.at
	case errors.As(err, &theirs):
		message = theirs.GetMessage()
		if t := theirs.GetToken(); t != nil {
			at = positionOf(t)
		}
	}
	message, hint := explainSyntax(message)
	d.Add(at, "", hint, "%s", message)
}

// positionOf returns the place of a token, the beginning of the file for one without a place.
func positionOf(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{1, 1}
	}
	return Pos{t.Position.Line, max(t.Position.Column, 1)}
}
