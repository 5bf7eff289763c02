package subject

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Section returns the map under key; nil when there is none.
func Section(settings map[string]any, key string) map[string]any {
	m, _ := settings[key].(map[string]any)
	return m
}

// WithoutPath returns the cause of an error about a path, for a message that names the
// path itself.
func WithoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// StripSecrets returns an address without the parts that may hold a key: user and
// password, query and fragment. It returns a reference as it is, and replaces a text that
// is not an address.
func StripSecrets(address string) string {
	u, err := url.Parse(address)
	if redact.IsReference(address) {
		return address
	}
	if err != nil {
		return "(not an address)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// maxSanitizedRunes is the length in characters up to which another program's
// words are shown.
const maxSanitizedRunes = 200

// Sanitize returns the text of another program on one short line, without control
// characters and without words that look like keys.
func Sanitize(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	for i, word := range words {
		words[i] = redact.NamedValue("", word)
	}
	line := []rune(strings.ToValidUTF8(strings.Join(words, " "), "?"))
	if len(line) > maxSanitizedRunes {
		line = append(line[:maxSanitizedRunes], '…')
	}
	return string(line)
}
