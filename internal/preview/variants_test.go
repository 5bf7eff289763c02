package preview_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/preview"
)

// variantKey is the line that a variant without general_settings gets.
const variantKey = "general_settings: {master_key: sk-local-0123456789}\n"

// Marks in the comments of variants.
var (
	variantName  = regexp.MustCompile(`(?m)^#== `)
	variantMark  = regexp.MustCompile(`#! ([a-z0-9-]+)`)
	variantRoute = regexp.MustCompile(`#> (\S+) (.*)$`)
	variantEnv   = regexp.MustCompile(`(?m)^#env (\w+)=(.*)$`)
)

// TestEveryMistakeIsReportedOnceAtItsLine reads small configurations with one mistake each,
// or with something odd that works. testdata/variants/README.md says how they are marked.
func TestEveryMistakeIsReportedOnceAtItsLine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/variants/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, variant := range variantName.Split(string(text), -1)[1:] {
			count++
			name, body, _ := strings.Cut(variant, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+" "+name, func(t *testing.T) {
				t.Parallel()
				compareVariant(t, body)
			})
		}
	}
	if count < 80 {
		t.Errorf("only %d variants", count)
	}
}

// compareVariant compares the preview of a variant with its marks.
func compareVariant(t *testing.T, body string) {
	t.Helper()
	if !strings.Contains(body, "general_settings:") {
		body += variantKey
	}
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, m := range variantEnv.FindAllStringSubmatch(body, -1) {
		env[m[1]] = m[2]
	}
	p, err := preview.File(path, "", func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	var marked, said, routes []string
	for i, line := range strings.Split(body, "\n") {
		for _, m := range variantMark.FindAllStringSubmatch(line, -1) {
			marked = append(marked, fmt.Sprintf("%d %s", i+1, m[1]))
		}
		if m := variantRoute.FindStringSubmatch(line); m != nil {
			routes = append(routes, fmt.Sprintf("%d %s %s", i+1, m[1], m[2]))
		}
	}
	messages := ""
	for _, problem := range p.Problems {
		said = append(said, fmt.Sprintf("%d %s", problem.Line, problem.Code))
		messages += "\n  " + problem.String()
	}
	for _, w := range p.Warnings {
		said = append(said, fmt.Sprintf("%d %s", w.Line, w.Code))
		messages += "\n  " + w.String()
	}
	slices.Sort(marked)
	slices.Sort(said)
	if !slices.Equal(marked, said) {
		t.Errorf("reported is %q, marked %q:%s\n%s", said, marked, messages, body)
	}
	compareRoutes(t, p, routes)
}

// compareRoutes compares the marked routes, "LINE DIALECT WHAT", with those of the preview.
// WHAT is an address, unserved, or how a dialect is served and in which one.
func compareRoutes(t *testing.T, p preview.Preview, routes []string) {
	t.Helper()
	for _, route := range routes {
		var line int
		var dialect, want string
		if n, err := fmt.Sscanf(route, "%d %s %s", &line, &dialect, &want); n != 3 {
			t.Fatalf("%s: %v", route, err)
		}
		i := slices.IndexFunc(p.Deployments, func(d preview.Deployment) bool { return d.Line == line })
		if i < 0 {
			t.Errorf("line %d has no deployment", line)
			continue
		}
		got := "unserved"
		for _, in := range p.Deployments[i].Dialects {
			if in.Name == dialect && in.How != preview.Unserved {
				got = in.URL + in.How[:0]
				if in.URL == "" {
					got = in.How
				}
			}
		}
		if got != want {
			t.Errorf("line %d: %s goes to %s, not %s", line, dialect, got, want)
		}
	}
}
