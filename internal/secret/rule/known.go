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

// minKnownLength is the length below which a value occurs in ordinary text.
const minKnownLength = 8

// AddKnown adds rules for secrets that are known by their value. Their IDs are
// known-secret, and no description says more.
func (s *Set) AddKnown(values []string) {
	digest := sha256.New()
	_, _ = digest.Write([]byte(s.Digest))
	broken := 0
	for _, v := range values {
		if len(v) < minKnownLength {
			continue
		}
		_, _ = fmt.Fprintf(digest, "%d:%s", len(v), v)
		s.Rules = append(s.Rules, knownRule(regexp.QuoteMeta(v)))
		if expr := base64Pieces(v); expr != "" && broken < maxWrappedValues {
			s.Rules = append(s.Rules, knownRule(expr))
			broken++
		}
	}
	s.Digest = hex.EncodeToString(digest.Sum(nil))
}

func knownRule(expr string) Rule {
	return Rule{ID: "known-secret", Description: "A secret that this installation uses", Expr: expr, Known: true}
}

// Sizes of the pieces by which a value is recognised in base64 that is broken
// into lines. 10 characters of base64 are 60 bits, which do not occur by chance;
// lines of 20 and more characters hold one of four pieces that are 5 apart. The
// bounds keep the automaton of package match small.
const (
	pieceChars       = 10
	pieceStep        = 5
	prefixChars      = 16  // that values of one provider share
	maxPieces        = 4   // for each of the three ways in which a value may lie
	maxValueBytes    = 256 // bytes of a value: a key, and no signed token
	maxWrappedValues = 64  // values
)

// base64Pieces is an expression for the pieces of a value's base64, at each of the
// three ways in which the value may lie in what was encoded; empty when the
// value is too short.
func base64Pieces(value string) string {
	if len(value) > maxValueBytes {
		return ""
	}
	var pieces []string
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
		text = text[:len(value)*4/3] // without what depends on the text behind it
		for n := range maxPieces {
			if from := prefixChars + n*pieceStep; from+pieceChars <= len(text) {
				pieces = append(pieces, regexp.QuoteMeta(text[from:from+pieceChars]))
			}
		}
	}
	slices.Sort(pieces)
	return strings.Join(slices.Compact(pieces), "|")
}
