package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// walk calls visit for every text in v with its dotted path, keys in order.
func walk(v any, path string, visit func(path, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], path+"."+key, visit)
		}
	case []any:
		for i, item := range v {
			walk(item, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case string:
		visit(path, v)
	}
}

// section is the map under key, nil when there is none.
func section(settings map[string]any, key string) map[string]any {
	m, _ := settings[key].(map[string]any)
	return m
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// bare is an error without the path that it names, for a text that names it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// plain is an address without what may hold a key: user and password, query
// and fragment. What is no address is not shown at all.
func plain(address string) string {
	u, err := url.Parse(address)
	if redact.IsReference(address) {
		return address
	}
	if err != nil {
		return "(no address)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// longestForeign is the length in characters up to which another program's
// words are shown.
const longestForeign = 200

// foreign is what another program said, in one short line without control
// characters and without words that look like keys.
func foreign(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	for i, word := range words {
		words[i] = redact.Named("", word)
	}
	line := []rune(strings.ToValidUTF8(strings.Join(words, " "), "?"))
	if len(line) > longestForeign {
		line = append(line[:longestForeign], '…')
	}
	return string(line)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// because is the sentence of a detail.
func because(format string, args ...any) checks.Note {
	return checks.Note{Text: fmt.Sprintf(format, args...)}
}
