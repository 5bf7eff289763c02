// Package redact keeps secrets out of what people and logs see. Value shortens one
// secret; Keys copies a configuration with the values of secret-looking keys shortened;
// NewScrubber replaces known secrets in any text, NewLogScrubber also what looks like
// one.
//
// It never asks the network whether a text is a secret, and keeps no secret except in
// the scrubbers.
//
// It is larger than other packages because configurations, addresses and lines of a log are shortened by the
// same rules for what looks like a key.
package redact

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// minSecretLength is the length in bytes from which a secret may show its last four
// characters, and from which a Scrubber searches for it: shorter words occur in
// ordinary text.
const minSecretLength = 8

// Value shortens a secret to "sk-…last4", or "…last4" without that prefix. It leaves out
// the last four characters when there are fewer than 8 after the prefix, and the prefix
// too when the secret has fewer than 8 bytes.
func Value(secret string) string {
	if len(secret) < minSecretLength {
		return "…"
	}
	prefix := ""
	if strings.HasPrefix(secret, "sk-") {
		prefix = "sk-"
	}
	tail := []rune(secret)
	if len(tail) < minSecretLength+len(prefix) {
		return prefix + "…"
	}
	return prefix + "…" + string(tail[len(tail)-4:])
}

// IsReference reports whether value only names the place of a secret: os.environ/NAME,
// $NAME or ${NAME}.
func IsReference(value string) bool {
	if name, ok := strings.CutPrefix(value, "os.environ/"); ok {
		return isVariableName(name)
	}
	if name, ok := strings.CutPrefix(value, "$"); ok {
		if inner, ok := strings.CutPrefix(name, "{"); ok {
			name, ok = strings.CutSuffix(inner, "}")
			return ok && isVariableName(name)
		}
		return isVariableName(name)
	}
	return false
}

// isVariableName reports whether s can be the name of an environment variable.
func isVariableName(s string) bool {
	notName := func(r rune) bool {
		return r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}
	return s != "" && !unicode.IsDigit(rune(s[0])) && strings.IndexFunc(s, notName) < 0
}

// Scrubber replaces secrets in text. It is safe for concurrent use.
type Scrubber struct {
	secrets [][]byte // longest first
	shown   [][]byte
}

// NewScrubber returns a Scrubber of the secrets that have at least 8 bytes.
func NewScrubber(secrets ...string) *Scrubber {
	kept := slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < minSecretLength })
	slices.SortFunc(kept, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	s := &Scrubber{}
	for _, secret := range slices.Compact(kept) {
		s.secrets = append(s.secrets, []byte(secret))
		s.shown = append(s.shown, []byte(Value(secret)))
	}
	return s
}

// Scrub returns text with every known secret shortened; text itself when it holds none.
// It does not find a secret that text holds only a part of: give it whole lines.
func (s *Scrubber) Scrub(text []byte) []byte {
	for i, secret := range s.secrets {
		if bytes.Contains(text, secret) {
			text = bytes.ReplaceAll(text, secret, s.shown[i])
		}
	}
	return text
}
