package try_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/itchyny/gojq"
)

// TestTheProbesAreWellFormed reads the data as any program would: a mistyped
// expression would otherwise be found only when an update needs it.
func TestTheProbesAreWellFormed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("probes/*.yaml")
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	id := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct {
			ID, Include, Method, Path string
			Status                    []int
			Fields                    []string
		}
		if err := yaml.Unmarshal(data, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		seen := map[string]bool{}
		for _, p := range list {
			if p.Include != "" {
				continue
			}
			if !id.MatchString(p.ID) || seen[p.ID] || !strings.HasPrefix(p.Path, "/") || len(p.Status) == 0 {
				t.Errorf("%s: %+v", file, p)
			}
			seen[p.ID] = true
			for _, field := range p.Fields {
				if _, err := gojq.Parse(field); err != nil {
					t.Errorf("%s: %s: %v", file, field, err)
				}
			}
		}
	}
}
