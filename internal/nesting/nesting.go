// Package nesting refuses YAML and JSON that would cost a parser too much: parsers
// recurse into nesting, a stack overflow cannot be recovered from, and goccy/go-yaml
// 1.19.2 needs 300 bytes for each sign and time that grows with the square of a map's
// keys (1.5 s for 20,000). Call CheckYAML or CheckJSON before a text is parsed.
package nesting

import (
	"bytes"
	"errors"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Limits of a text.
const (
	MaxDepth     = 100
	MaxEntries   = 20_000 // keys, commas and documents
	maxSignCount = 25 * MaxEntries
)

// Errors of all functions.
var (
	ErrTooDeep = errors.New("nested too deeply")
	ErrTooMany = errors.New("too many entries")
)

// CheckYAML returns ErrTooDeep or ErrTooMany for a text that must not be parsed, and
// nil for a text that is not YAML.
func CheckYAML(text []byte) error {
	if err := CheckSigns(text); err != nil {
		return err
	}
	_, err := FindExcess(lexer.Tokenize(string(text)))
	return err
}

// CheckLongYAML is CheckYAML for lists of thousands of deployments: its bound on
// entries is higher than real texts reach.
func CheckLongYAML(text []byte) error {
	if err := CheckSigns(text); err != nil {
		return err
	}
	_, err := findExcess(lexer.Tokenize(string(text)), maxSignCount)
	return err
}

// CheckSigns returns ErrTooMany for a text with so many signs (brackets, commas, colons,
// quotation marks, line ends and the like) that the lexer alone would take too long.
func CheckSigns(text []byte) error {
	if len(text) <= maxSignCount {
		return nil
	}
	signs := 0
	for _, c := range text {
		if bytes.IndexByte([]byte("[]{},:&*!?|>\"'\n"), c) >= 0 {
			signs++
		}
	}
	if signs > maxSignCount {
		return ErrTooMany
	}
	return nil
}

// FindExcess returns the token at which brackets, or dashes and the like without a
// scalar between them, nest deeper than MaxDepth, or at which there are more than
// MaxEntries.
func FindExcess(all token.Tokens) (*token.Token, error) { return findExcess(all, MaxEntries) }

// FindLongExcess is FindExcess with the bound of CheckLongYAML.
func FindLongExcess(all token.Tokens) (*token.Token, error) { return findExcess(all, maxSignCount) }

// findExcess does the work of FindExcess for a bound on entries. A block mapping in a
// column beyond 40*MaxDepth counts as too deep as well.
func findExcess(all token.Tokens, mostEntries int) (*token.Token, error) {
	brackets, openers, entries := 0, 0, 0
	for i, t := range all {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.MappingKeyType:
			openers++
			entries++
		case token.SequenceEntryType, token.AnchorType, token.TagType:
			openers++
		case token.MappingValueType, token.CollectEntryType, token.DocumentHeaderType, token.DocumentEndType:
			entries++
		case token.StringType, token.IntegerType, token.SingleQuoteType, token.DoubleQuoteType:
			if t.Prev == nil || t.Prev.Type != token.AnchorType { // an anchor's name is not a scalar
				openers = 0
			}
		}
		switch {
		case brackets > MaxDepth, openers > MaxDepth, brackets <= 0 && t.Type == token.MappingValueType &&
			t.Position.Column > 40*MaxDepth:
			return t, ErrTooDeep
		case entries > mostEntries, i > 2*maxSignCount:
			return t, ErrTooMany
		}
	}
	return nil, nil
}

// CheckJSON returns ErrTooDeep for a text whose brackets nest deeper than MaxDepth. It
// accepts any text and reads each byte once.
func CheckJSON(text []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > MaxDepth {
				return ErrTooDeep
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return nil
}
