package config

import (
	"bytes"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// Places says where the values of a configuration file are written.
type Places struct {
	file string // as the user named it
	root *yamlnode.Node
}

// FindPlaces parses the text of the named file. It returns nil for a text that is not YAML.
func FindPlaces(file string, data []byte) *Places {
	root := yamlnode.Parse(yamlnode.NewDiagnosis(file), bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if root == nil {
		return nil
	}
	return &Places{file: file, root: root}
}

// File returns the file as the user named it.
func (p *Places) File() string { return p.file }

// RouterSetting returns where the value at a path of the router's settings is written: in the
// profile, which is laid over litellm_base, or in litellm_base. isWhole is false when the file
// has only the beginning of the path; then at is the place of the last part that it has.
func (p *Places) RouterSetting(profile string, path []any) (written []any, at yamlnode.Pos, isWhole bool) {
	overlay, base := []any{"profiles", profile}, []any{"litellm_base"}
	if p.isOverlaid(profile, path) {
		return p.locate(append(overlay, path...))
	}
	return p.locate(append(base, path...))
}

// isOverlaid reports whether the profile has the value at path, or a list or a scalar that
// replaces what litellm_base has there.
func (p *Places) isOverlaid(profile string, path []any) bool {
	f, ok := p.root.Lookup("profiles", profile)
	if !ok || len(path) == 0 {
		return false
	}
	n := f.Value
	for _, part := range path {
		key, isKey := part.(string)
		if n.Kind != yamlnode.MapKind || !isKey {
			return n.Kind != yamlnode.MapKind
		}
		if f, ok = n.Field(key); !ok {
			return false
		}
		n = f.Value
	}
	return true
}

// locate returns the beginning of a path that the file has, and the place of its last part.
func (p *Places) locate(path []any) (written []any, at yamlnode.Pos, isWhole bool) {
	at, found := p.root.Locate(path)
	return path[:found], at, found == len(path)
}
