package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
)

// version3 writes a version 3 project and returns its configuration file.
func version3(t *testing.T, cliproxyapi string) (path string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "flowgate.yaml")
	text := "config_version: 3\npaths: {runtime_dir: ../.router/runtime, log_file: l}\ncliproxyapi_plus: {config_file: " +
		"c.yaml}\n"
	for name, content := range map[string]string{path: text, filepath.Join(dir, "c.yaml"): cliproxyapi} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestAnEmptyOrMissingHostOfCLIProxyAPIListensEverywhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"port: 1\n": "0.0.0.0:1", "host: \"\"\nport: 1\n": "0.0.0.0:1", "host: 0.0.0.0\nport: 1\n": "0.0.0.0:1",
		"host: 127.0.0.1\nport: 1\n": "127.0.0.1:1", "host: localhost\nport: 1\n": "localhost:1",
	} {
		cfg, err := config.Load(version3(t, text), environ)
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.Services[0].Addr(); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
		warned := slices.ContainsFunc(cfg.Warnings,
			func(w config.Warning) bool { return w.Code == "listens-everywhere" && w.Line == 3 })
		if warned != (want == "0.0.0.0:1") {
			t.Errorf("%q: warnings %v", text, cfg.Warnings)
		}
	}
}

func TestTheProgramOfTheOldLayoutIsRunWhereItIs(t *testing.T) {
	t.Parallel()
	path := version3(t, "host: 127.0.0.1\nport: 8317\n")
	root := filepath.Dir(filepath.Dir(path))
	binary := filepath.Join(root, ".router", "runtime", "bin", "CLIProxyAPIPlus")
	makeEmptyFile(t, binary)
	cfg, err := config.Load(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Services[0]
	want := []string{binary, "-config", filepath.Join(root, "config", "c.yaml")}
	if s.Runtime != config.RuntimeCommand || !slices.Equal(s.Command, want) || s.Cwd != root || s.ReadinessPath != "/" {
		t.Errorf("got %+v", s)
	}
}
