package settings_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// loadFiles writes files, by their paths, and loads the one called main.yaml.
func loadFiles(t *testing.T, files map[string]string) (*settings.Settings, string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := settings.Load(filepath.Join(dir, "main.yaml"), func(string) string { return "" })
	return s, dir, err
}

// entry is an entry of model_list that can serve.
func entry(name string) string {
	return "  - model_name: " + name + "\n    litellm_params: {model: openai/x, api_base: http://h/v1, api_key: k}\n"
}

func TestIncludedFilesAreMergedAsLiteLLMDoes(t *testing.T) {
	t.Parallel()
	s, dir, err := loadFiles(t, map[string]string{
		"main.yaml": "include: [parts/a.yaml, b.yaml]\nmodel_list:\n" + entry("m") +
			"general_settings: {master_key: sk-main}\nlitellm_settings: {num_retries: 7}\n",
		"parts/a.yaml": "include: [deep.yaml, ../main.yaml, beside.yaml]\nmodel_list:\n" + entry("a") + "surprise: 1\n",
		"parts/deep.yaml": "include: [a.yaml]\nmodel_list:\n" + entry("deep") +
			"  - {model_name: lost, litellm_params: {model: nosuch/x}}\n",
		"beside.yaml": "model_list:\n" + entry("beside"),
		"b.yaml":      "model_list:\n" + entry("b") + "litellm_settings: {request_timeout: 9}\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"m", "a", "b", "deep", "beside"}; !slices.Equal(s.Groups, want) {
		t.Errorf("groups %v, not %v", s.Groups, want)
	}
	if s.Retries != 2 || s.Timeout.Seconds() != 9 || s.MasterKey != "sk-main" {
		t.Errorf("the included section replaces the whole: %d retries, %s", s.Retries, s.Timeout)
	}
	var messages []string
	for _, w := range s.Warnings {
		messages = append(messages, fmt.Sprintf("%d %s %s", w.Line, w.Path, w.Message))
	}
	for _, want := range []string{
		"1 include " + filepath.Join(dir, "b.yaml") + " replaces the whole of litellm_settings",
		"1 model_list[1].litellm_params.model " + filepath.Join(dir, "parts/deep.yaml") + ":5: provider",
		"1 surprise " + filepath.Join(dir, "parts/a.yaml") + ":5: surprise has no effect",
	} {
		if !slices.ContainsFunc(messages, func(m string) bool { return strings.HasPrefix(m, want) }) {
			t.Errorf("nothing says %q: %q", want, messages)
		}
	}
	if len(messages) != 3 {
		t.Errorf("%q", messages)
	}
}

func TestABrokenIncludeNamesTheFileAndTheLine(t *testing.T) {
	t.Parallel()
	const head = "general_settings: {master_key: sk-test}\n"
	many := map[string]string{}
	for i := 1; i <= 101; i++ {
		many[fmt.Sprintf("%d.yaml", i)] = fmt.Sprintf("include: [%d.yaml]\n", i+1)
	}
	const includesA = head + "include: [a.yaml]\n"
	for name, c := range map[string]struct{ main, a, want string }{
		"missing":                 {head + "include:\n  - gone.yaml\n", "", "main.yaml:3:5: include[0]: DIR/gone.yaml cannot be included: there is no such file"},
		"missing further down":    {includesA, "include: [gone.yaml]\n", "a.yaml:1:11: include[0]: DIR/gone.yaml cannot"},
		"not a list further down": {includesA, "include: b.yaml\n", "a.yaml:1:1: include: expected a list"},
		"not a mapping":           {includesA, "- 1\n", "a.yaml:1:1: the file must hold a map"},
		"broken YAML":             {includesA, "a: 1\nb: {c: 1\n", "a.yaml:2:"},
		"a wrong value":           {includesA, "x: 1\nrouter_settings: {timeout: many}\n", "a.yaml:2:"},
		"a wrong entry": {head + "model_list:\n" + entry("m") + "include: [a.yaml]\n", "model_list:\n  - {model_name: x}\n",
			"a.yaml:2:5: model_list[0]: the entry has no litellm_params.model"},
		"not a list": {head + "include: a.yaml\n", "", "main.yaml:2:1: include: expected a list"},
		"not a text": {head + "include: [1]\n", "", "main.yaml:2:11: include[0]: expected the path of a file"},
		"a folder":   {head + "include: [.]\n", "", "main.yaml:2:11: include[0]: "},
		"too many":   {head + "include: [1.yaml]\n", "", "more than 100 files are included"},
	} {
		files := map[string]string{"main.yaml": c.main, "a.yaml": c.a}
		if name == "too many" {
			maps.Copy(files, many)
		}
		_, dir, err := loadFiles(t, files)
		want := strings.ReplaceAll(c.want, "DIR", dir)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != "settings-invalid" || !strings.Contains(f.Message, want) {
			t.Errorf("%s: %v, not %q", name, err, want)
		}
	}
}

func TestAHundredFilesAreIncluded(t *testing.T) {
	t.Parallel()
	files := map[string]string{"main.yaml": "general_settings: {master_key: sk-test}\ninclude: [1.yaml]\nmodel_list: []\n"}
	for i := 1; i <= 100; i++ {
		files[fmt.Sprintf("%d.yaml", i)] = fmt.Sprintf("include: [%d.yaml]\nmodel_list:\n%s", i%100+1, entry(fmt.Sprint("m", i)))
	}
	if s, _, err := loadFiles(t, files); err != nil || len(s.Groups) != 100 {
		t.Errorf("%d groups, %v", len(s.Groups), err)
	}
}
