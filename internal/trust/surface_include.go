package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Limits of included files, as the embedded router has them.
const (
	maxIncluded     = 100      // files
	maxIncludedSize = 16 << 20 // bytes of one
)

// addIncludes adds the files that LiteLLM settings in the file's folder include, and those
// that they include. A file can hold every setting of LiteLLM, so all of its content counts.
func (b *surfaceBuilder) addIncludes(key, folder string, settings map[string]any) {
	seen := map[string]bool{}
	var add func(dir string, include any)
	add = func(dir string, include any) {
		files, _ := include.([]any)
		for _, file := range files {
			name, ok := file.(string)
			if !ok || name == "" || len(seen) >= maxIncluded {
				continue
			}
			path, text := readIncluded(name, dir, folder)
			if seen[path] {
				continue
			}
			seen[path] = true
			e := b.newPathEntry(key, path)
			content := " is missing"
			if text != nil {
				sum := sha256.Sum256(text)
				content = " with the SHA-256 digest " + hex.EncodeToString(sum[:])
			}
			e.Value += content
			e.unredacted += content
			b.Executes = append(b.Executes, e)
			add(filepath.Dir(path), includesOf(text))
		}
	}
	add(folder, settings["include"])
}

// readIncluded returns the path and the content of an included file, nil when it cannot be
// read. A relative name is looked up in dir, then in root, as the router does.
func readIncluded(name, dir, root string) (path string, text []byte) {
	if filepath.IsAbs(name) {
		dir, root, name = filepath.Dir(name), filepath.Dir(name), filepath.Base(name)
	}
	for _, folder := range []string{dir, root} {
		if text, err := safefile.Read(filepath.Join(folder, name), maxIncludedSize); err == nil {
			return filepath.Join(folder, name), append([]byte{}, text...)
		}
	}
	return filepath.Join(dir, name), nil
}

// includesOf returns the value of include in a YAML file; nil when it has none or cannot be read.
func includesOf(text []byte) any {
	if nesting.CheckYAML(text) != nil {
		return nil
	}
	var file struct{ Include []any }
	if yaml.Unmarshal(text, &file) != nil {
		return nil
	}
	return file.Include
}
