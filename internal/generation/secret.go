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

// Sealed is a text without its secrets: a placeholder stands for each. Secrets has what
// is needed to find them again on this machine.
type Sealed struct {
	Text    []byte
	Secrets []Secret
}

// Secret is one secret that a text had. Its value is nowhere in a generation.
type Secret struct {
	Placeholder string `json:"mark"`
	Path        string `json:"path,omitempty"` // of the YAML key that held it: "api-keys[0]"
	MAC         string `json:"mac"`            // keyed digest of the value, to know it again
	// Short says that the value may stand in the text by chance as well, as a
	// number or a word: another value must not take its place everywhere.
	Short bool `json:"short,omitempty"`
}

// foundSecret is a secret in a text.
type foundSecret struct{ value, path string }

// Seal takes the secrets out of a YAML text: the values of keys that hold
// secrets, what looks like a key anywhere, also in comments, and the values of
// known. It fails when a secret could not be taken out whole.
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

// numberPlaceholders numbers the placeholders in the order of the text, so that another
// value of the same key leaves the text as it is.
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

// minUniqueLength is the length in bytes from which a text that equals a secret is the
// secret and not a coincidence.
const minUniqueLength = 8

const placeholderBegin = "«flowgate-secret-"

// While a text is sealed, one rune of Unicode's private use area stands for
// each secret: no word of a configuration has one.
const firstPrivate, lastPrivate = 0xE000, 0xF8FF

func isPrivateRune(r rune) bool { return r >= firstPrivate && r <= lastPrivate }

// Open puts secrets back. Each is looked for among the words of the texts and
// the values given; one that is not there any more is taken from its path in
// the first of the texts: keys are no part of a generation, so the present one
// is right. missing names the paths of those that are nowhere.
func (s Sealed) Open(key []byte, values []string, texts ...[]byte) (text []byte, missing []string) {
	byMAC := map[string]string{}
	for _, value := range values {
		byMAC[secretMAC(key, value)] = value
	}
	for _, t := range texts {
		for _, word := range splitWords(t) {
			byMAC[secretMAC(key, word)] = word
		}
		for _, f := range findSecrets(t, nil) {
			byMAC[secretMAC(key, f.value)] = f.value
		}
	}
	present := map[string]string{}
	if len(texts) > 0 {
		for _, f := range findSecrets(texts[0], nil) {
			present[f.path] = f.value
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

// findSecrets finds the secrets of a text, each value once.
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
		if !seen[value] { // Seal fails if it is still there in another form
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

// collectDifferences walks a document and its redacted copy: what differs is secret.
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

// collectInsideJSON is collectDifferences for a text that is JSON, as vertex_credentials
// may be: the secrets in it are secret, not the whole text.
func collectInsideJSON(path, a, b string, add func(value, path string)) bool {
	var before, after any
	if json.Unmarshal([]byte(a), &before) != nil || json.Unmarshal([]byte(b), &after) != nil {
		return false
	}
	if _, scalar := before.(string); scalar {
		return false
	}
	collectDifferences(path, before, after, add)
	return true
}

// writtenForms returns the ways in which a value may be written in a text: as it
// is, escaped in JSON or a quoted scalar once or twice, or line by line.
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

func quoteJSON(text string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text always is encoded
	return bytes.TrimSpace(out.Bytes())
}

// splitWords returns the stretches of a text between white space and what YAML puts
// around a scalar.
func splitWords(text []byte) []string {
	return strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`,[]{}", r) })
}

// replaceWord replaces value where it stands alone, not within a longer word.
func replaceWord(text, value, by string) string {
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
			out.WriteString(text[:at] + by)
		}
		text = text[end:]
	}
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func secretMAC(key []byte, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
