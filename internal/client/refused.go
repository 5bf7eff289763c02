package client

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/semver"

	"github.com/flowgate-go/flowgate/internal/client/edit"
)

// Refusal is a setting with which a client no longer starts.
type Refusal struct {
	From   string    `json:"from"`    // the first version that refuses it
	Path   edit.Path `json:"path"`    // "*" stands for every key
	Value  string    `json:"value"`   // the value that it refuses; "" for any
	IsFile bool      `json:"is_file"` // it refuses the name of a file that is not there
	Reason string    `json:"reason"`
}

// Refused is a setting in a client's file with which the client does not start.
type Refused struct {
	File, Path, Reason string
}

// RefusedSettings returns the settings with which the installed version of the client does not
// start. One whose version is not known is taken for the newest; one that is not installed
// refuses nothing.
func (c Client) RefusedSettings(getenv func(string) string) []Refused {
	if len(c.Refuses) == 0 || c.lookProgram() == "" {
		return nil
	}
	file, err := readFile(c.Files[0].Path(getenv), getenv)
	if err != nil {
		return nil
	}
	values, err := edit.Decode(c.Files[0].Format, file.text)
	if err != nil {
		return nil // what does not parse is not judged
	}
	version := "v" + c.version(c.lookProgram())
	var found []Refused
	for _, r := range c.Refuses {
		if semver.IsValid(version) && semver.Compare(version, "v"+r.From) < 0 {
			continue
		}
		for _, path := range r.find(values, nil, r.Path) {
			found = append(found, Refused{file.path, path.String(), r.Reason})
		}
	}
	return found
}

// find returns the paths below at of values that the client refuses.
func (r Refusal) find(value any, at, rest edit.Path) []edit.Path {
	if len(rest) == 0 {
		text, isText := value.(string)
		if r.Value != "" && text != r.Value || r.IsFile && (!isText || exists(text)) {
			return nil
		}
		return []edit.Path{slices.Clone(at)}
	}
	table, _ := value.(map[string]any)
	keys := []string{rest[0]}
	if rest[0] == "*" {
		keys = slices.Sorted(maps.Keys(table))
	}
	var found []edit.Path
	for _, key := range keys {
		if next, ok := table[key]; ok {
			found = append(found, r.find(next, append(slices.Clone(at), key), rest[1:])...)
		}
	}
	return found
}

// exists reports whether there is a file; a relative path cannot be judged.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil || !filepath.IsAbs(path)
}
