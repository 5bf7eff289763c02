package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
)

func TestTheKeyOfEachClientIsReadBackFromItsSettings(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	to := router
	to.KeyFile = filepath.Join(h.dir, "it's a folder", "gateway.key")
	h.write(to.KeyFile, to.Key+"\n")
	for _, c := range withFiles(t) {
		_, before := c.ReadKey(h.options().Getenv)
		if _, err := client.Setup(t.Context(), c, to, h.options()); err != nil {
			t.Fatal(err)
		}
		key, ok := c.ReadKey(h.options().Getenv)
		hasQuote := strings.Contains(to.KeyFile, "'") && c.Key == client.KeyCommand && c.Name != "codex" // is escaped there
		if want := c.Key != client.KeyVariable && !hasQuote; before || ok != want || ok && key != to.Key {
			t.Errorf("%s, key: %s: %q, %v", c.Name, c.Key, key, ok)
		}
		if _, err := client.Restore(t.Context(), c, to, h.options()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSettingsThatAVersionRefusesAreFound(t *testing.T) {
	t.Parallel()
	const old = "profile = 'x'\nmodel_catalog_json = '/no/such/file'\n[model_providers.mine]\nwire_api = 'chat'\n[model_providers.b]\nwire_api = 'responses'\n"
	for version, want := range map[string]string{
		"0.169.0": "profile model_providers.mine.wire_api model_catalog_json", "0.161.2": "model_catalog_json", "": "profile model_providers.mine.wire_api model_catalog_json",
	} {
		h, c := newHome(t), find(t, "codex")
		program := filepath.Join(h.dir, "node_modules/@openai/codex/bin/codex")
		h.write(program, "")
		h.write(c.Files[0].Path(h.options().Getenv), old)
		h.write(filepath.Join(h.dir, "node_modules/@openai/codex/package.json"), `{"version": "`+version+`"}`)
		c.Programs = []string{program}
		if got := c.RefusedSettings(h.options().Getenv); len(got) > 0 {
			t.Errorf("of a program that cannot be executed: %v", got)
		}
		if err := os.Chmod(program, 0o700); err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, r := range c.RefusedSettings(h.options().Getenv) {
			paths = append(paths, r.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%q: %s, not %s", version, got, want)
		}
	}
}

func TestOpencodeIsSetUpForTheVersionThatIsInstalled(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	program := filepath.Join(h.dir, "node_modules/opencode-ai/bin/opencode")
	h.write(program, "")
	h.write(filepath.Join(h.dir, "node_modules/opencode-ai/package.json"), `{"version": "2.0.12"}`)
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	one, two := find(t, "opencode"), find(t, "opencode2")
	one.Programs, two.Programs = []string{program}, []string{program}
	if s := one.Status(router, h.options().Getenv); s.Program != "" {
		t.Errorf("opencode 1: %+v", s)
	}
	if s := two.Status(router, h.options().Getenv); s.Program != program || s.Version != "2.0.12" {
		t.Errorf("opencode 2: %+v", s)
	}
}

// TestTheVersionOfAProgramInAPackageForThisSystem is about Cline: npm links the program of a
// package beside its own.
func TestTheVersionOfAProgramInAPackageForThisSystem(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "cline")
	program := filepath.Join(h.dir, "node_modules/@cline/cli-linux-x64/bin/cline")
	link := filepath.Join(h.dir, "node_modules/.bin/cline")
	h.write(program, "")
	h.write(filepath.Join(h.dir, "node_modules/@cline/cli-linux-x64/package.json"), `{"version": "9.9.9"}`)
	h.write(filepath.Join(h.dir, "node_modules/cline/package.json"), `{"version": "3.0.65"}`)
	h.write(filepath.Join(filepath.Dir(link), "other"), "")
	if err := errors.Join(os.Chmod(program, 0o700), os.Symlink(program, link)); err != nil {
		t.Fatal(err)
	}
	c.Programs = []string{link}
	if s := c.Status(router, h.options().Getenv); s.Version != "3.0.65" {
		t.Errorf("%+v", s)
	}
}
