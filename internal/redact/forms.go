package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Forms are the ways in which a secret may be written in a text: as it is, in
// base64 (both alphabets, wherever its bytes lie among others), in hex,
// percent-encoded, escaped in JSON.
func Forms(secret string) []string {
	inHex := hex.EncodeToString([]byte(secret))
	quoted, _ := json.Marshal(secret) // a string always is
	forms := []string{
		secret, inHex, strings.ToUpper(inHex), strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret),
		percent(secret, "%"), strings.ToLower(percent(secret, "%")), percent(secret, `\u00`), strings.ToLower(percent(secret, `\u00`)),
	}
	for shift := range 3 {
		padded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		inner := padded[(shift*8+5)/6 : len(strings.TrimRight(padded, "="))-1]
		forms = append(forms, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// percent writes every byte in hex behind a prefix.
func percent(text, prefix string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		out.WriteString(prefix + strings.ToUpper(hex.EncodeToString([]byte{b})))
	}
	return out.String()
}

// LogScrubber takes secrets out of the lines of logs: known ones in every form,
// words that look like keys, and what is secret in addresses.
type LogScrubber struct {
	known *strings.Replacer
}

// NewLogScrubber returns a LogScrubber that knows these secrets, as far as they
// have at least 8 bytes.
func NewLogScrubber(secrets ...string) *LogScrubber {
	type pair struct{ form, shown string }
	var pairs []pair
	for _, secret := range secrets {
		if len(secret) < leastSecret {
			continue
		}
		for _, form := range Forms(secret) {
			shown := "…"
			if form == secret {
				shown = Value(secret)
			}
			pairs = append(pairs, pair{form, shown})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(len(b.form), len(a.form)), cmp.Compare(a.form, b.form)) })
	var flat []string
	for _, p := range pairs {
		flat = append(flat, p.form, p.shown)
	}
	return &LogScrubber{strings.NewReplacer(flat...)}
}

// Scrub returns a line without its secrets.
func (s *LogScrubber) Scrub(line []byte) []byte {
	return []byte(Words(URL(s.known.Replace(string(line)))))
}

// Words is a text with every word shortened that looks like a key.
func Words(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return !isKeyRune(r) })
		if end < 0 {
			end = len(text)
		}
		if word := text[:end]; looksSecret(word) {
			out.WriteString(Value(word))
		} else {
			out.WriteString(word)
		}
		text = text[end:]
		rest := strings.IndexFunc(text, isKeyRune)
		if rest < 0 {
			rest = len(text)
		}
		out.WriteString(text[:rest])
		text = text[rest:]
	}
	return out.String()
}

// isKeyRune reports whether keys are made of r.
func isKeyRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
}
