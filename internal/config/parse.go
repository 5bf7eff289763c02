package config

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/flowgate-go/flowgate/internal/nesting"
)

// parse turns data into nodes. Whatever is wrong is added to d; the node is
// nil when nothing can be read from the file.
func parse(d *diagnosis, data []byte) *node {
	if message, at := encodingProblem(data); message != "" {
		d.add(at, "", "save the file as UTF-8 text", "%s", message)
		return nil
	}
	if err := nesting.CheckSigns(data); err != nil {
		addSyntaxProblem(d, syntaxError{err, pos{1, 1}})
		return nil
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n") // the lexer counts some of them twice
	file, err := parseTokens(lexer.Tokenize(text))
	if err != nil {
		addSyntaxProblem(d, err)
		return nil
	}
	return singleDocument(d, file)
}

// singleDocument returns the one document of a file as nodes.
func singleDocument(d *diagnosis, file *ast.File) *node {
	bodies := file.Docs[:0:0]
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			bodies = append(bodies, doc)
		}
	}
	switch len(bodies) {
	case 0:
		d.add(pos{1, 1}, "", "write one with `mage init`", "the file is empty")
		return nil
	case 1:
	default:
		d.add(tokenPos(bodies[1].Start), "", "keep one document a file: take out the line `---`", "a second YAML document begins here")
		return nil
	}
	b := builder{d: d, anchors: map[string]*node{}}
	root := b.build(bodies[0].Body, "")
	if b.tooLarge {
		d.code = "config-too-large"
		return nil
	}
	if root.kind != mapKind {
		d.add(root.at, "", "a configuration begins with keys such as config_version: 2", "the file must hold a map at top level, not %s", root.describe(""))
		return nil
	}
	return root
}

// parseTokens parses after checking the nesting. A panic of the parser on
// input that nobody thought of is an error like any other.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	if at, err := nesting.FindExcess(tokens); err != nil {
		return nil, syntaxError{err, tokenPos(at)}
	}
	defer func() {
		if recover() != nil {
			file, err = nil, syntaxError{errors.New("the YAML cannot be understood"), pos{1, 1}}
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

type syntaxError struct {
	error
	at pos
}

func (e syntaxError) Unwrap() error { return e.error }

// addSyntaxProblem adds a parser's error with the parser's place and our words.
func addSyntaxProblem(d *diagnosis, err error) {
	if errors.Is(err, nesting.ErrTooMany) {
		d.code = "config-too-large"
	}
	message, at := "the YAML cannot be understood", pos{1, 1}
	var own syntaxError
	var theirs yaml.Error
	switch { // their Error method prints the source: minutes for a large file
	case errors.As(err, &own):
		message, at = own.Error(), own.at
	case errors.As(err, &theirs):
		message = theirs.GetMessage()
		if t := theirs.GetToken(); t != nil {
			at = tokenPos(t)
		}
	}
	message, hint := explainSyntax(message)
	d.add(at, "", hint, "%s", message)
}

func tokenPos(t *token.Token) pos {
	if t == nil || t.Position == nil {
		return pos{1, 1}
	}
	return pos{t.Position.Line, max(t.Position.Column, 1)}
}
