package generation

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Sealed is a text with placeholders in place of its secrets. Secrets has what is needed to
// find their values again on this machine.
type Sealed struct {
	Text    []byte
	Secrets []Secret
}

// Secret describes one secret that a text had. A generation does not contain its value.
type Secret struct {
	Placeholder string `json:"mark"`
	Path        string `json:"path,omitempty"` // of the YAML key that had it: "api-keys[0]"
	MAC         string `json:"mac"`            // keyed digest of the value, by which it is recognised
	// Short says that the text may contain the value by chance too, as a number or a
	// word. Then a new value must not replace every placeholder of it.
	Short bool `json:"short,omitempty"`
}

// foundSecret is a secret in a text.
type foundSecret struct{ value, path string }

// Seal replaces the secrets in a YAML text by placeholders: the values of keys that
// hold secrets, words that look like a key anywhere, also in comments, and the values
// in known. It returns an error when it cannot replace a secret completely. key is that
// of SecretKey.
func Seal(text, key []byte, known []string) (Sealed, error) {
	if bytes.Contains(text, []byte(placeholderBegin)) || bytes.ContainsFunc(text, isPrivateRune) {
		return Sealed{}, fmt.Errorf(
			"the text has characters of Unicode's private use area, or a placeholder that FlowGate writes for a secret",
		)
	}
	secrets := findSecrets(text, known)
	if len(secrets) > lastPrivate-firstPrivate {
		return Sealed{}, fmt.Errorf("it has %d secrets, more than there are placeholders", len(secrets))
	}
	slices.SortStableFunc(secrets, func(a, b foundSecret) int { return cmp.Compare(len(b.value), len(a.value)) })
	out := string(text)
	for i, s := range secrets {
		out = replaceWord(out, s.value, string(rune(firstPrivate+i)))
	}
	for _, s := range findSecrets([]byte(out), known) {
		if !strings.ContainsFunc(s.value, isPrivateRune) {
			return Sealed{}, fmt.Errorf(
				"the secret at %s is written in a form in which it cannot be replaced by a placeholder",
				cmp.Or(s.path, "an unknown place"),
			)
		}
	}
	return numberPlaceholders(out, secrets, key), nil
}

// numberPlaceholders replaces the private runes in text by numbered placeholders. It numbers
// them in the order of the text, so that the sealed text is the same when a key gets another
// value.
func numberPlaceholders(text string, secrets []foundSecret, key []byte) Sealed {
	var out strings.Builder
	var sealed Sealed
	placeholders := map[rune]string{}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !isPrivateRune(r) {
			out.WriteString(text[i : i+size])
			i += size
			continue
		}
		if placeholders[r] == "" {
			s := secrets[r-firstPrivate]
			placeholders[r] = placeholderBegin + strconv.Itoa(len(placeholders)) + "»"
			sealed.Secrets = append(
				sealed.Secrets,
				Secret{
					Placeholder: placeholders[r], Path: s.path, MAC: secretMAC(key, s.value),
					Short: len(s.value) < minUniqueLength,
				},
			)
		}
		out.WriteString(placeholders[r])
		i += size
	}
	sealed.Text = []byte(out.String())
	return sealed
}

// minUniqueLength is the length in bytes from which a text that equals a secret counts as
// the secret and not as a coincidence.
const minUniqueLength = 8

// placeholderBegin begins every placeholder; a number and » follow.
const placeholderBegin = "«flowgate-secret-"

// Range of the runes that replace secrets while a text is sealed, one for each secret. They
// are Unicode's private use area, which Seal does not accept in a text.
const firstPrivate, lastPrivate = 0xE000, 0xF8FF

// isPrivateRune reports whether r is in that range.
func isPrivateRune(r rune) bool { return r >= firstPrivate && r <= lastPrivate }

// Open returns the text with its secrets. It looks for each secret among the words of
// texts and among values. A secret that neither has is replaced by the value that the
// first of texts has at its path, because keys are not part of a generation and the
// present key is right. missing has the paths of the secrets that were not found.
func (s Sealed) Open(key []byte, values []string, texts ...[]byte) (text []byte, missing []string) {
	byMAC := map[string]string{}
	for _, value := range values {
		byMAC[secretMAC(key, value)] = value
	}
	for _, t := range texts {
		for _, word := range splitWords(t) {
			byMAC[secretMAC(key, word)] = word
		}
		for _, found := range findSecrets(t, nil) {
			byMAC[secretMAC(key, found.value)] = found.value
		}
	}
	present := map[string]string{}
	if len(texts) > 0 {
		for _, found := range findSecrets(texts[0], nil) {
			present[found.path] = found.value
		}
	}
	out := string(s.Text)
	for _, secret := range s.Secrets {
		value, ok := byMAC[secret.MAC]
		if !ok && secret.Path != "" && (!secret.Short || strings.Count(out, secret.Placeholder) == 1) {
			value, ok = present[secret.Path]
		}
		if !ok {
			missing = append(missing, cmp.Or(secret.Path, "a comment"))
			continue
		}
		out = strings.ReplaceAll(out, secret.Placeholder, value)
	}
	return []byte(out), missing
}

// findSecrets returns the secrets of a text as they are written in it, each value once.
func findSecrets(text []byte, known []string) []foundSecret {
	var all []foundSecret
	seen := map[string]bool{"": true}
	add := func(value, path string) {
		for _, form := range writtenForms(value) {
			if !slices.ContainsFunc(form, func(part string) bool { return !bytes.Contains(text, []byte(part)) }) {
				for _, part := range form {
					if !seen[part] {
						seen[part] = true
						all = append(all, foundSecret{part, path})
					}
				}
				return
			}
		}
		if !seen[value] { // Seal fails if the text has it in another form
			seen[value] = true
			all = append(all, foundSecret{value, path})
		}
	}
	var doc any
	if nesting.CheckLongYAML(text) == nil && yaml.Unmarshal(text, &doc) == nil {
		collectDifferences("", doc, redact.Keys(doc), add)
	}
	for _, word := range splitWords(text) {
		if redact.NamedValue("", word) != word {
			add(word, "")
		}
	}
	for _, value := range known {
		if bytes.Contains(text, []byte(value)) {
			add(value, "")
		}
	}
	return all
}

// collectDifferences calls add for each value that differs between the document a and its
// redacted copy b: these are the secrets.
func collectDifferences(path string, a, b any, add func(value, path string)) {
	switch a := a.(type) {
	case map[string]any:
		other, _ := b.(map[string]any)
		for key, inner := range a {
			collectDifferences(strings.TrimPrefix(path+"."+key, "."), inner, other[key], add)
		}
	case []any:
		other, _ := b.([]any)
		for i, inner := range a {
			if i < len(other) {
				collectDifferences(fmt.Sprintf("%s[%d]", path, i), inner, other[i], add)
			}
		}
	case string:
		if other := fmt.Sprint(b); other != a && !collectInsideJSON(path, a, other, add) {
			add(a, path)
		}
	default:
		if text := fmt.Sprint(a); a != nil && fmt.Sprint(b) != text {
			add(text, path)
		}
	}
}

// collectInsideJSON is collectDifferences for a text that is JSON, such as
// vertex_credentials, in which only some values are secret. It returns false when the text
// is not JSON, or is one JSON string.
func collectInsideJSON(path, a, b string, add func(value, path string)) bool {
	var before, after any
	if json.Unmarshal([]byte(a), &before) != nil || json.Unmarshal([]byte(b), &after) != nil {
		return false
	}
	if _, isString := before.(string); isString {
		return false
	}
	collectDifferences(path, before, after, add)
	return true
}

// writtenForms returns the forms in which a value may be written in a text, each as a list of
// parts: as it is, escaped once or twice as in JSON, with doubled single quotes, or line by
// line.
func writtenForms(value string) [][]string {
	quoted := strings.Trim(string(quoteJSON(value)), `"`)
	forms := [][]string{
		{value},
		{quoted},
		{strings.Trim(string(quoteJSON(quoted)), `"`)},
		{strings.ReplaceAll(value, "'", "''")},
	}
	if lines := strings.FieldsFunc(value, func(r rune) bool { return r == '\n' }); len(lines) > 1 {
		forms = append(
			forms,
			slices.DeleteFunc(lines, func(l string) bool { return len(strings.TrimSpace(l)) < minUniqueLength }),
		)
	}
	return forms
}

// quoteJSON returns a text as a JSON string in which <, > and & are not escaped.
func quoteJSON(text string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can always be encoded
	return bytes.TrimSpace(out.Bytes())
}

// splitWords returns the words of a text, split at white space and at the characters that
// YAML puts around a scalar.
func splitWords(text []byte) []string {
	return strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`,[]{}", r) })
}

// replaceWord replaces value where it is a word, not where it is part of a longer word.
func replaceWord(text, value, replacement string) string {
	var out strings.Builder
	for {
		at := strings.Index(text, value)
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		end := at + len(value)
		if at > 0 && isWordByte(text[at-1]) && isWordByte(value[0]) ||
			end < len(text) && isWordByte(text[end]) && isWordByte(value[len(value)-1]) {
			out.WriteString(text[:end])
		} else {
			out.WriteString(text[:at] + replacement)
		}
		text = text[end:]
	}
}

// isWordByte reports whether c is an ASCII letter, a digit or an underscore.
func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// secretMAC returns the first 16 bytes of the HMAC-SHA-256 of a secret, in hexadecimal.
func secretMAC(key []byte, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
