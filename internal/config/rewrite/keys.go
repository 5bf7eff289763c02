package rewrite

import (
	"bytes"
	"errors"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// byteOrderMark is what some editors begin a file with.
var byteOrderMark = []byte("\xef\xbb\xbf")

// KeyPlaces say where ExtractKeys puts keys.
type KeyPlaces struct {
	Known    map[string]string               // names of credentials that the configuration has, by their values
	IsUsable func(name, value string) bool   // reports whether a new credential with that value may have the name
	File     func(name string) (file string) // of a new credential, as the configuration names it
}

// ExtractKeys is ExtractSecrets for a flowgate.yaml: it replaces the keys in litellm_base and in the profiles, and
// adds the new credentials to credentials.upstream. What it replaces is what redact.FindWritten finds. Keys that
// cannot be replaced stay, and each is a problem with the code secret-unmovable. The error says why the text cannot
// be changed at all.
func ExtractKeys(file string, data []byte, places KeyPlaces) (Extraction, []yamlnode.Problem, error) {
	d := yamlnode.NewDiagnosis(file)
	root := yamlnode.Parse(d, bytes.TrimPrefix(data, byteOrderMark))
	if root == nil {
		return Extraction{}, nil, d.Err()
	}
	x := newExtractor(data, d)
	x.isUsable = places.IsUsable
	x.isWritten = redact.IsWritten
	for value, name := range places.Known {
		x.byValue[value] = name
	}
	if base, ok := root.Field("litellm_base"); ok {
		x.walk(base.Value, []any{"litellm_base"})
	}
	if profiles, ok := root.Field("profiles"); ok {
		x.walk(profiles.Value, []any{"profiles"})
	}
	if len(x.secrets) > 0 {
		entries := make([]credentialFile, 0, len(x.secrets))
		for _, s := range x.secrets {
			entries = append(entries, credentialFile{s.Name, places.File(s.Name)})
		}
		x.addCredentials(root, entries...)
	}
	text := x.apply()
	if x.err == nil && yamlnode.Parse(yamlnode.NewDiagnosis(file), bytes.TrimPrefix(text, byteOrderMark)) == nil {
		x.err = errors.New("the new text would not be YAML")
	}
	return Extraction{Text: text, Secrets: x.secrets, Moves: x.moves, Root: root}, d.SortedProblems(), x.err
}
