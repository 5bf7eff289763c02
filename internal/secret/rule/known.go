package rule

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// minKnownLength is the length in bytes below which a value occurs in ordinary text.
const minKnownLength = 8

// AddKnown adds rules for secrets whose value is known. Their ID is known-secret, and
// their description does not tell them apart.
func (s *Set) AddKnown(values []string) {
	digest := sha256.New()
	_, _ = digest.Write([]byte(s.Digest))
	wrapped := 0
	for _, v := range values {
		if len(v) < minKnownLength {
			continue
		}
		_, _ = fmt.Fprintf(digest, "%d:%s", len(v), v)
		s.Rules = append(s.Rules, knownRule(regexp.QuoteMeta(v)))
		if expr := base64Pieces(v); expr != "" && wrapped < maxWrappedValues {
			s.Rules = append(s.Rules, knownRule(expr))
			wrapped++
		}
	}
	s.Digest = hex.EncodeToString(digest.Sum(nil))
}

// knownRule returns a rule for one known secret.
func knownRule(expr string) Rule {
	return Rule{ID: "known-secret", Description: "A secret that this installation uses", Expr: expr, Known: true}
}

// Sizes of the pieces by which a value is found in base64 that is broken into lines.
// 10 characters of base64 are 60 bits, which do not occur by chance; every line of 20
// characters or more contains one of four pieces that are 5 apart. The bounds keep the
// automaton of package match small.
const (
	pieceChars       = 10
	pieceStep        = 5
	prefixChars      = 16  // that values of one provider share
	maxPieces        = 4   // for each of the three offsets of a value in base64
	maxValueBytes    = 256 // bytes of a value: enough for a key, not for a signed token
	maxWrappedValues = 64  // values
)

// base64Pieces returns an expression that matches pieces of a value's base64, for each
// of the three offsets that the value can have in the encoded text; empty when the
// value is too short.
func base64Pieces(value string) string {
	if len(value) > maxValueBytes {
		return ""
	}
	var pieces []string
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
		text = text[:len(value)*4/3] // without the characters that depend on the text after it
		for n := range maxPieces {
			if from := prefixChars + n*pieceStep; from+pieceChars <= len(text) {
				pieces = append(pieces, regexp.QuoteMeta(text[from:from+pieceChars]))
			}
		}
	}
	slices.Sort(pieces)
	return strings.Join(slices.Compact(pieces), "|")
}
