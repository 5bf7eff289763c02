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

// EncodedForms returns the ways in which a text may contain the secret: as it is, in
// base64 (both alphabets, at any offset within other bytes), in hex, percent-encoded,
// escaped in JSON.
func EncodedForms(secret string) []string {
	inHex := hex.EncodeToString([]byte(secret))
	quoted, _ := json.Marshal(secret) // never fails for a string
	forms := []string{
		secret, inHex, strings.ToUpper(inHex), strings.Trim(string(quoted), `"`), url.QueryEscape(secret),
		url.PathEscape(secret),
		hexEscape(secret, "%"), strings.ToLower(hexEscape(secret, "%")), hexEscape(secret, `\u00`),
		strings.ToLower(hexEscape(secret, `\u00`)),
	}
	for shift := range 3 {
		padded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		inner := padded[(shift*8+5)/6 : len(strings.TrimRight(padded, "="))-1]
		forms = append(forms, inner, strings.NewReplacer("+", "-", "/", "_").Replace(inner))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// hexEscape returns every byte of text in hex, each behind prefix.
func hexEscape(text, prefix string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		out.WriteString(prefix + strings.ToUpper(hex.EncodeToString([]byte{b})))
	}
	return out.String()
}

// LogScrubber redacts the lines of logs: known secrets in every encoded form, words
// that look like keys, and the secret parts of URLs.
type LogScrubber struct {
	known *strings.Replacer
}

// NewLogScrubber returns a LogScrubber that knows the secrets that have at least 8
// bytes.
func NewLogScrubber(secrets ...string) *LogScrubber {
	type pair struct{ form, shown string }
	var pairs []pair
	for _, secret := range secrets {
		if len(secret) < minSecretLength {
			continue
		}
		for _, form := range EncodedForms(secret) {
			shown := "…"
			if form == secret {
				shown = Value(secret)
			}
			pairs = append(pairs, pair{form, shown})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(len(b.form), len(a.form)),
			cmp.Compare(a.form, b.form))
	})
	var flat []string
	for _, p := range pairs {
		flat = append(flat, p.form, p.shown)
	}
	return &LogScrubber{strings.NewReplacer(flat...)}
}

// Scrub returns a line without its secrets.
func (s *LogScrubber) Scrub(line []byte) []byte {
	return []byte(Words(redactLine(URL(s.known.Replace(string(line))))))
}

// Words returns text in which every word that looks like a key is shortened.
func Words(text string) string {
	var out strings.Builder
	for done := 0; done < len(text); {
		begin := done
		for begin < len(text) && !isKeyByte(text[begin]) {
			begin++
		}
		if !beginsLikeKey(text[begin:]) { // in `\nvapi-`, the n may begin a key, or end the escape \n
			begin += escapeLength(text, begin)
		}
		end := begin
		for end < len(text) && (isKeyByte(text[end]) || strings.HasPrefix(text[begin:], "1//0") && text[end] == '/') {
			end++
		}
		out.WriteString(text[done:begin])
		word := text[begin:end]
		key := findKey(word)
		out.WriteString(word[:key])
		if key < len(word) {
			out.WriteString(Value(word[key:]))
		}
		done = end
	}
	return out.String()
}

// findKey returns where the key in a word begins, which goes on to the word's end; the length of the
// word when none does. A key may be glued to what stands before it: behind - _ . it needs a digit, so
// that a name such as gpt-sk-something is none; behind a letter or a digit it has to look random, and
// to begin with more than sk- or sk_, which end words (task-0123).
func findKey(word string) int {
	if looksLikeKey(word) {
		return 0
	}
	for i := 1; i+shortestKey <= len(word); i++ {
		rest := word[i:]
		if !looksLikeKey(rest) {
			continue
		}
		isApart := strings.IndexByte("-_.", word[i-1]) >= 0
		if isApart && strings.ContainsAny(rest, "0123456789") || LooksRandom(rest) && !mayEndWord(rest) {
			return i
		}
	}
	return len(word)
}

// mayEndWord reports whether what looks like a key may be the end of a word and what follows it.
func mayEndWord(key string) bool {
	isNamed := func(p string) bool { return strings.HasPrefix(key[len("sk-"):], p) }
	return (strings.HasPrefix(key, "sk-") || strings.HasPrefix(key, "sk_")) &&
		!slices.ContainsFunc([]string{"ant-", "proj-", "or-", "svcacct-", "live_", "test_"}, isNamed)
}

// escapeLength returns the length of the rest of an escape at the beginning of a word:
// of "\n" and "\u0022" in JSON, of "%3D" in a URL, of the color in "ESC[32m".
func escapeLength(text string, begin int) int {
	if begin == 0 || begin >= len(text) {
		return 0
	}
	rest := text[begin:]
	n := 0
	switch text[begin-1] {
	case '\\':
		switch {
		case len(rest) >= 5 && rest[0] == 'u' && isHex(rest[1:5]):
			return 5
		case strings.IndexByte("nrtbf", rest[0]) >= 0:
			return 1
		}
	case '%':
		if len(rest) >= 2 && isHex(rest[:2]) {
			return 2
		}
	case '[', ';':
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n < len(rest) && rest[n] == 'm' && strings.LastIndexByte(text[:begin], '\x1b') >= begin-12 {
			return n + 1
		}
	}
	return 0
}

// isHex reports whether text consists of hexadecimal digits.
func isHex(digits string) bool {
	return strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// isKeyByte reports whether c can be part of a key.
func isKeyByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}
