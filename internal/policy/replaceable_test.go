package policy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// TestFilesOfOthersAreNotReplaced: paths.* may name any file of the user.
func TestFilesOfOthersAreNotReplaced(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"a shell's":           "export A=b\n",
		"JSON of another":     "{\"name\": \"x\"}\n",
		"a YAML":              "a: b\n",
		"an event of another": "{\"event\": 1}\n",
	}
	keys := map[string]func(cfg *config.Config, path string){
		"active_config": func(cfg *config.Config, path string) { cfg.Paths.ActiveConfig = path },
		"state_file":    func(cfg *config.Config, path string) { cfg.Paths.StateFile = path },
		"log_file":      func(cfg *config.Config, path string) { cfg.Paths.LogFile = path },
	}
	for key, set := range keys {
		for what, text := range texts {
			for _, place := range []string{"home/.bashrc", "project/README.md", "project/.router/secrets/gateway.key"} {
				dir := t.TempDir()
				path := filepath.Join(dir, place)
				write(t, path, text)
				cfg := config.Default(filepath.Join(dir, "project"))
				set(cfg, path)
				err := policy.CheckFiles(cfg)
				if err == nil || fault.From(err).Code != "file-foreign" || !strings.Contains(err.Error(), "paths."+key) {
					t.Errorf("%s: %s at %s: %v", key, what, place, err)
				}
				if _, err := policy.Write(cfg, policy.Active{Config: map[string]any{}}, time.Now()); err == nil {
					t.Errorf("%s: %s at %s is replaced", key, what, place)
				}
				if data, _ := os.ReadFile(path); string(data) != text {
					t.Errorf("%s: %s at %s is now %q", key, what, place, data)
				}
			}
		}
		dir := t.TempDir()
		cfg := config.Default(filepath.Join(dir, "project"))
		set(cfg, filepath.Join(dir, "elsewhere", "file"))
		active := policy.Active{Profile: "p", Config: map[string]any{"a": 1}}
		for range 2 { // the second time it is there, and ours
			if _, err := policy.Write(cfg, active, time.Now()); err != nil {
				t.Errorf("%s at a place of its own: %v", key, err)
			}
		}
	}
	dir := t.TempDir()
	cfg := config.Default(dir)
	write(t, cfg.Paths.ActiveConfig, "torn by a full di")
	write(t, cfg.Paths.StateFile, "{")
	if err := policy.CheckFiles(cfg); err != nil {
		t.Errorf("torn files of our own: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
