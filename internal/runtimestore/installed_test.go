package runtimestore_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

func TestMain(m *testing.M) { os.Exit(trusttest.Run(m)) }

// install makes a version with one program the active one of the store.
func install(t *testing.T, cfg *config.Config, name, version, program string) store.Install {
	t.Helper()
	lock, err := store.Lock(t.Context(), cfg, name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	in, err := store.Add(
		t.Context(),
		cfg,
		store.NewInstall{Name: name, Version: version, Digest: "sha256:" + strings.Repeat("0", 64), Binary: program,
			Fill: func(_ context.Context, dir string, _ *store.NewInstall) error {
				put(t, filepath.Join(dir, program), 0o700)
				return nil
			}},
	)
	if err == nil {
		err = store.Activate(cfg, name, in.Folder())
	}
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestAProgramThatIsPlantedInTheStoreIsNotExecuted: an archive, or another user,
// left a store that looks like one of FlowGate's.
func TestAProgramThatIsPlantedInTheStoreIsNotExecuted(t *testing.T) {
	t.Parallel()
	plant := map[string]func(t *testing.T, dir string){
		"a link to anywhere": func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "..", "elsewhere", "cli-proxy-api"), 0o700)
			link(t, "../elsewhere", filepath.Join(dir, "current"))
		},
		"a folder in place of the link": func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "current", "cli-proxy-api"), 0o700)
		},
		"no record": func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "7.0.0-000000000000", "cli-proxy-api"), 0o700)
			link(t, "7.0.0-000000000000", filepath.Join(dir, "current"))
		},
		"a record without a signature": func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "7.0.0-000000000000", "cli-proxy-api"), 0o700)
			link(t, "7.0.0-000000000000", filepath.Join(dir, "current"))
			record(t, dir, []byte(`{"name":"cliproxyapi","version":"7.0.0","binary":"cli-proxy-api"}`+"\n"))
		},
		"a record signed in another folder": func(t *testing.T, dir string) {
			other := install(t, stack(t), "cliproxyapi", "7.0.0", "cli-proxy-api")
			data, err := os.ReadFile(filepath.Join(other.Path, ".flowgate.json"))
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, "7.0.0-000000000000", "cli-proxy-api"), 0o700)
			link(t, "7.0.0-000000000000", filepath.Join(dir, "current"))
			record(t, dir, data)
		},
	}
	for name, plant := range plant {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := stack(t)
			put(t, cfg.CLIProxyConfigFile, 0o600)
			dir := store.Dir(cfg, "cliproxyapi")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			plant(t, dir)
			spec, err := runtimestore.Command(cfg, service(config.RuntimeCLIProxyAPI), environment())
			if spec.Args != nil {
				t.Errorf("it would execute %v", spec.Args)
			}
			wantFault(t, err, "state-untrusted")
		})
	}
}

// TestAProgramThatGitTracksIsNotTakenForOnesOwn: a commit brought a virtual
// environment, or the program of an older layout.
func TestAProgramThatGitTracksIsNotTakenForOnesOwn(t *testing.T) {
	t.Parallel()
	for runtime, name := range map[string]string{
		config.RuntimeLiteLLM: ".venv/bin/litellm", config.RuntimeCLIProxyAPI: ".router/runtime/bin/CLIProxyAPIPlus",
	} {
		cfg := stack(t)
		top := filepath.Dir(cfg.Dir)
		put(t, cfg.CLIProxyConfigFile, 0o600)
		put(t, cfg.Paths.ActiveConfig, 0o600)
		put(t, filepath.Join(top, name), 0o700)
		if _, err := runtimestore.Command(cfg, service(runtime), environment()); err != nil {
			t.Errorf("%s that git does not track: %v", name, err)
		}
		git(t, top, "init", "-q")
		git(t, top, "add", "-f", name)
		_, err := runtimestore.Command(cfg, service(runtime), environment())
		wantFault(t, err, "state-untrusted", name)
		if err := os.Chmod(filepath.Join(top, name), 0o702); err != nil {
			t.Fatal(err)
		}
		_, err = runtimestore.Command(cfg, service(runtime), environment())
		wantFault(t, err, "not-yours", name)
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git",
		append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func record(t *testing.T, dir string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "7.0.0-000000000000", ".flowgate.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
