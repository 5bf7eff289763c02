package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/flowgate-go/flowgate/checks"
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
