package client

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// ReadKey returns the key that the client has by its settings: the one in its file, or in the
// file that its settings name. ok is false when it has none there. The key is a secret.
func (c Client) ReadKey(getenv func(string) string) (key string, ok bool) {
	for _, f := range c.Files {
		file, err := readFile(f.Path(getenv), getenv)
		if err != nil {
			continue
		}
		for _, v := range f.Set {
			value, found, err := Target{}.filledPath(v).lookup(f.Format, file.text)
			if err != nil || !found {
				continue
			}
			if key, ok := v.readKey(value); ok {
				return key, true
			}
		}
	}
	return "", false
}

// filledPath returns v with the placeholders of its path filled.
func (t Target) filledPath(v Value) Value {
	v.Path = t.fillPath(v.Path)
	return v
}

// readKey returns the key that a value of a file is, or whose file it names, when the table has
// a placeholder of the key in its place.
func (v Value) readKey(value any) (key string, ok bool) {
	template, isText := v.Value.(string)
	if list, isList := v.Value.([]any); isList && len(list) == 1 {
		template, isText = list[0].(string)
		if items, _ := value.([]any); len(items) == 1 {
			value = items[0]
		}
	}
	text, isString := value.(string)
	if !isText || !isString {
		return "", false
	}
	if template == "{key}" {
		return text, text != ""
	}
	template = strings.ReplaceAll(template, "{key_command}", Target{KeyFile: "{key_file}"}.KeyCommand())
	before, after, found := strings.Cut(template, "{key_file}")
	if !found || !strings.HasPrefix(text, before) || !strings.HasSuffix(text, after) {
		return "", false
	}
	key, _, err := keyfile.Read(strings.TrimSuffix(strings.TrimPrefix(text, before), after))
	return key, err == nil
}

// WinningVariables returns the names of the variables that are set and that win over the key
// that the client has by its settings.
func (c Client) WinningVariables(getenv func(string) string) []string {
	own, _ := c.ReadKey(getenv)
	return slices.DeleteFunc(slices.Clone(c.Wins), func(name string) bool {
		return getenv(name) == "" || getenv(name) == own
	})
}
