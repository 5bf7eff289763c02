package rewrite

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Secret is a key that was written into a configuration.
type Secret struct {
	Name  string // of the credential that replaces it: lower-case letters, digits and dashes
	Value string
}

// MasterKey is the name of the credential that replaces general_settings.master_key.
const MasterKey = "gateway"

// Extraction is a LiteLLM configuration without the keys that were written into it.
type Extraction struct {
	Text    []byte
	Secrets []Secret // in the order of the text; equal values have one entry
	Moves   []Move   // every place, in the order of the text
	Root    *yamlnode.Node
}

// Move is a place in a configuration where a key was written out.
type Move struct {
	Path string // of the key, before it was replaced: litellm_base.general_settings.master_key
	Name string // of the credential that replaces it
}

// ExtractSecrets replaces the keys in a LiteLLM configuration by references to credentials:
// api_key: sk-… becomes api_key_ref: NAME. Comments, order and everything else stay. Words
// that people write where no key is needed, such as "none", stay too. For a key that cannot
// be replaced, such as one in a list, it returns a problem with the code secret-unmovable.
// relocate returns the name that a file of the list include has from the folder of the new
// text; taken lists names of credentials that must not be used.
func ExtractSecrets(file string, data []byte, relocate func(string) string, taken ...string) (Extraction,
	[]yamlnode.Problem) {
	d := yamlnode.NewDiagnosis(file)
	root := yamlnode.ParseLong(d, data)
	if root == nil {
		return Extraction{}, d.SortedProblems()
	}
	x := newExtractor(data, d)
	for _, name := range taken {
		x.taken[name] = true
	}
	x.walk(root, nil)
	x.relocateIncludes(root, relocate)
	text := x.apply()
	if x.err != nil {
		d.Add(yamlnode.Pos{Line: 1, Column: 1}, "", "write the keys as os.environ/NAME", "the keys cannot be replaced: %s",
			x.err)
	}
	return Extraction{Text: text, Secrets: x.secrets, Moves: x.moves, Root: root}, d.SortedProblems()
}

// extractor replaces the keys of one text.
type extractor struct {
	*editor
	d       *yamlnode.Diagnosis
	secrets []Secret
	moves   []Move
	byValue map[string]string     // names of credentials by their values
	taken   map[string]bool       // names of credentials that are in use
	merges  bool                  // the text has merge keys
	done    map[yamlnode.Pos]bool // places that were changed; walk visits one again for each alias

	isWritten func(key, value string) bool  // reports whether the value of a key is a secret
	isUsable  func(name, value string) bool // reports whether a value may get a name; nil: each one may
}

// newExtractor returns an extractor of a text that adds problems to d.
func newExtractor(data []byte, d *yamlnode.Diagnosis) *extractor {
	d.Code = "secret-unmovable"
	return &extractor{editor: newEditor(data), d: d, byValue: map[string]string{}, taken: map[string]bool{},
		done: map[yamlnode.Pos]bool{}, merges: bytes.Contains(data, []byte("<<:")), isWritten: isSecret}
}

// walk replaces the keys in n, the value at path.
func (x *extractor) walk(n *yamlnode.Node, path []any) {
	path = slices.Clip(path)
	for _, f := range n.Fields {
		at := append(path, f.Key)
		if value, ok := f.Value.Value.(string); ok && (x.isWritten(f.Key, value) || x.mustMove(f.Key, value)) {
			x.move(n, f, value, at)
			continue
		}
		x.walk(f.Value, at)
	}
	for i, item := range n.Items {
		if value, ok := item.Value.(string); ok && len(path) > 0 && isSecret(fmt.Sprint(path[len(path)-1]), value) {
			x.d.Add(item.At, yamlnode.Dotted(append(path, i)), "write it as os.environ/NAME",
				"a key in a list cannot be moved into a file of its own")
			continue
		}
		x.walk(item, append(path, i))
	}
}

// mustMove reports whether the value of a deployment's api_key is moved although it does not
// look like a key. In a text with merge keys (<<) it is: otherwise a deployment could get an
// api_key_ref from a merged map besides its own api_key.
func (x *extractor) mustMove(key, value string) bool {
	return x.merges && key == "api_key" && value != "" && !redact.IsReference(value)
}

// relocateIncludes replaces the names in the list include by those that relocate returns.
func (x *extractor) relocateIncludes(root *yamlnode.Node, relocate func(string) string) {
	list, _ := root.Field("include")
	if list.Value == nil {
		return
	}
	for _, item := range list.Value.Items {
		name, isText := item.Value.(string)
		if from, to, ok := x.locateScalar(item); isText && ok && relocate(name) != name {
			x.replace(from, to, strconv.Quote(relocate(name)))
		}
	}
}

// move replaces one secret, the value of the field f of the map in, by a reference.
func (x *extractor) move(in *yamlnode.Node, f yamlnode.Field, value string, path []any) {
	from, to, ok := x.locateScalar(f.Value)
	if !ok || !fitsOneLine(value) {
		x.d.Add(f.Value.At, yamlnode.Dotted(path), "write it as os.environ/NAME",
			"a key over several lines, or with blanks around it, cannot be moved into a file of its own")
		return
	}
	name, known := x.byValue[value]
	if !known {
		name = x.newName(in, f.Key, value, path)
		x.byValue[value] = name
		x.secrets = append(x.secrets, Secret{name, value})
	}
	x.moves = append(x.moves, Move{yamlnode.Dotted(path), name})
	if !x.done[f.At] {
		x.done[f.At] = true
		if from, to, quote := x.locateWord(f.At, f.Key); from < to {
			x.replace(from, to, quote+f.Key+"_ref"+quote)
		}
	}
	if x.done[f.Value.At] {
		return
	}
	x.done[f.Value.At] = true
	text := name
	if x.data[from] == '"' || x.data[from] == '\'' {
		text = string(x.data[from]) + name + string(x.data[from])
	}
	x.replace(from, to, text)
}

// fitsOneLine reports whether a file of one line gives a key back as it is (keyfile.Read).
func fitsOneLine(key string) bool {
	return strings.TrimSpace(key) == key && !strings.ContainsAny(key, "\r\n")
}

// locateScalar returns the byte range of a scalar with its quotes; ok is false when it is
// written on several lines.
func (x *extractor) locateScalar(n *yamlnode.Node) (from, to int, ok bool) {
	from = x.offset(n.At)
	switch quote := x.data[from]; quote {
	case '"', '\'':
		for to = from + 1; to < len(x.data) && x.data[to] != quote; to++ {
			if x.data[to] == '\n' {
				return 0, 0, false
			}
			if quote == '"' && x.data[to] == '\\' {
				to++
			}
		}
		return from, to + 1, to < len(x.data)
	case '|', '>':
		return 0, 0, false
	}
	to = from + len(n.Text)
	return from, to, to <= len(x.data) && string(x.data[from:to]) == n.Text
}

// newName returns an unused name for the credential of the key of a map: the provider's name
// for the api_key of a deployment, else the name of the key itself.
func (x *extractor) newName(in *yamlnode.Node, key, value string, path []any) string {
	if key == "master_key" && x.take(MasterKey, value) {
		return MasterKey
	}
	name := key
	if model, ok := in.Field("model"); ok && key == "api_key" {
		if prefix, _, hasPrefix := strings.Cut(model.Value.Text, "/"); hasPrefix {
			name = prefix
		}
	}
	if len(path) > 2 && path[0] == "credential_list" {
		name = "credential-" + fmt.Sprint(path[1])
	}
	base := strings.Trim(strings.Map(toNameChar, strings.ToLower(name)), "-")
	for name, n := base, 2; ; n++ {
		if name != "" && x.take(name, value) {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// take reports whether a credential with that value may have the name, which it has then.
func (x *extractor) take(name, value string) bool {
	if x.taken[name] || x.isUsable != nil && !x.isUsable(name, value) {
		return false
	}
	x.taken[name] = true
	return true
}

// toNameChar returns c, or a dash when the name of a credential cannot contain c.
func toNameChar(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
		return c
	}
	return '-'
}

// minKeyLength is the length in bytes below which a text does not count as a key.
const minKeyLength = 8

// isSecret reports whether the value under a key is a secret and not a reference to one.
func isSecret(key, value string) bool {
	switch {
	case key == "master_key" && !redact.IsReference(value):
		return value != ""
	case len(value) < minKeyLength || redact.IsPlaceholder(value) || redact.IsReference(value):
		return false
	case strings.Contains(value, "://"):
		return isSecretAddress(key, value)
	}
	return redact.NamedValue(strings.ReplaceAll(key, "-", "_"), value) != value
}

// isSecretAddress reports whether an address holds a password or a key, or is a secret itself,
// such as that of a webhook. An address that cannot be parsed counts as a secret.
func isSecretAddress(key, value string) bool {
	u, err := url.Parse(value)
	if err != nil || strings.Contains(strings.ToLower(key), "webhook") {
		return true
	}
	if _, hasPassword := u.User.Password(); hasPassword {
		return true
	}
	return slices.ContainsFunc(slices.Collect(maps.Keys(u.Query())), func(name string) bool {
		return redact.NamedValue(name, "0123456789abcdef") != "0123456789abcdef"
	})
}
