package runtimestore_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

// stack returns a configuration in a folder of its own.
func stack(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := &config.Config{
		Dir: filepath.Join(dir, "config"),
		Paths: config.Paths{
			RuntimeDir:   filepath.Join(dir, ".router", "runtime"),
			ActiveConfig: filepath.Join(dir, ".router", "runtime", "litellm.active.yaml"),
		},
		CLIProxyConfigFile: filepath.Join(dir, "config", "cliproxyapi.yaml"),
	}
	put(t, filepath.Join(cfg.Dir, "flowgate.yaml"), 0o600)
	return cfg
}

func put(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func service(runtime string) config.Service {
	return config.Service{Name: "svc", Host: "127.0.0.1", Port: 4000, Runtime: runtime}
}

func nothingOnPath(string) (string, error) { return "", exec.ErrNotFound }

func environment(environ ...string) runtimestore.Environment {
	return runtimestore.Environment{Self: "/self", Version: "1.2.3", Environ: environ, LookPath: nothingOnPath}
}

func wantFault(t *testing.T, err error, code string, parts ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("want a fault %s, got %v", code, err)
	}
	for _, part := range parts {
		if !strings.Contains(f.Message+"\n"+f.Hint, part) {
			t.Errorf("%q / %q lacks %q", f.Message, f.Hint, part)
		}
	}
}

func TestOwnRuntimesExecuteThisProgram(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	_, err := runtimestore.Command(cfg, service(config.RuntimeEmbedded), environment())
	wantFault(t, err, "active-config-missing", cfg.Paths.ActiveConfig, "profile:set")

	put(t, cfg.Paths.ActiveConfig, 0o600)
	cfg.Services = []config.Service{
		service(config.RuntimeEmbedded),
		{Name: "up", Host: "0.0.0.0", Port: 8317},
		{Name: "more", Host: "::1", Port: 9},
	}
	router, err := runtimestore.Command(cfg, service(config.RuntimeEmbedded), environment())
	want := []string{"/self", "router:serve", "-settings=" + cfg.Paths.ActiveConfig, "-host=127.0.0.1", "-port=4000",
		"-supervised=127.0.0.1:8317,[::1]:9", "-keys=" + cfg.Paths.Secrets()}
	if err != nil || !slices.Equal(router.Args, want) || router.Version != "1.2.3" || router.Dir != cfg.Dir {
		t.Errorf("embedded: %+v, %v", router, err)
	}

	echo, err := runtimestore.Command(cfg, service(config.RuntimeEcho), environment())
	want = []string{"/self", "echo:serve", "-host=127.0.0.1", "-port=4000"}
	if err != nil || !slices.Equal(echo.Args, want) {
		t.Errorf("echo without a key: %+v, %v", echo, err)
	}
	key := put(t, filepath.Join(cfg.Paths.Secrets(), "upstream.key"), 0o600)
	echo, err = runtimestore.Command(cfg, service(config.RuntimeEcho), environment())
	if err != nil || !slices.Equal(echo.Args, append(want, "-keyfile="+key)) {
		t.Errorf("echo with a key: %+v, %v", echo, err)
	}
}

func TestLiteLLMIsLookedForFromTheNearestToTheFarthest(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	put(t, cfg.Paths.ActiveConfig, 0o600)
	svc, env := service(config.RuntimeLiteLLM), environment()
	env.Cwd = t.TempDir()
	_, err := runtimestore.Command(cfg, svc, env)
	wantFault(
		t,
		err,
		"runtime-missing",
		`"svc"`,
		"store/litellm/current/bin/litellm",
		".venv/bin/litellm",
		"PATH",
		"FLOWGATE_LITELLM",
	)

	onPath := filepath.Join(t.TempDir(), "litellm")
	env.LookPath = func(name string) (string, error) {
		if name != "litellm" {
			return "", exec.ErrNotFound
		}
		return onPath, nil
	}
	expect := func(bin string) {
		t.Helper()
		spec, err := runtimestore.Command(cfg, svc, env)
		want := []string{bin, "--config", cfg.Paths.ActiveConfig, "--host", "127.0.0.1", "--port", "4000"}
		if err != nil || !slices.Equal(spec.Args, want) {
			t.Errorf("want %v, got %v, %v", want, spec.Args, err)
		}
	}
	expect(onPath)
	expect(put(t, filepath.Join(env.Cwd, ".venv", "bin", "litellm"), 0o700))
	expect(put(t, filepath.Join(cfg.Dir, ".venv", "bin", "litellm"), 0o700))
	install(t, cfg, "litellm", "1.106.2", "bin/litellm")
	expect(filepath.Join(cfg.Paths.Root(), "store", "litellm", "current", "bin", "litellm"))
	demanded := put(t, filepath.Join(t.TempDir(), "litellm"), 0o700)
	env.Environ = []string{"FLOWGATE_LITELLM=" + demanded}
	expect(demanded)

	missing := filepath.Join(t.TempDir(), "litellm")
	env.Environ = []string{"FLOWGATE_LITELLM=" + missing}
	_, err = runtimestore.Command(cfg, svc, env)
	wantFault(t, err, "runtime-missing", "$FLOWGATE_LITELLM", missing)
}

func TestLiteLLMGetsAnEmptyFolderAndItsSwitches(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	put(t, cfg.Paths.ActiveConfig, 0o600)
	venv := t.TempDir()
	bin := put(t, filepath.Join(venv, "bin", "litellm"), 0o700)
	put(t, filepath.Join(venv, "lib", "python3.12", "site-packages", "litellm-1.106.2.dist-info", "METADATA"), 0o600)
	spec, err := runtimestore.Command(cfg, service(config.RuntimeLiteLLM), environment("FLOWGATE_LITELLM="+bin))
	if err != nil {
		t.Fatal(err)
	}
	if spec.Version != "1.106.2" || !spec.OwnDir || !strings.HasPrefix(spec.Dir, cfg.Paths.RuntimeDir) {
		t.Errorf("version %q, folder %q, own %v", spec.Version, spec.Dir, spec.OwnDir)
	}
	for _, want := range []string{"LITELLM_LOCAL_MODEL_COST_MAP=True", "JSON_LOGS=True"} {
		if !slices.Contains(spec.Env, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
}

func TestCLIProxyAPIIsFoundUnderEveryName(t *testing.T) {
	t.Parallel()
	cfg, svc := stack(t), service(config.RuntimeCLIProxyAPI)
	_, err := runtimestore.Command(cfg, svc, environment())
	wantFault(t, err, "runtime-missing", "PATH (cli-proxy-api)", "CLIProxyAPIPlus", "FLOWGATE_CLIPROXYAPI", "echo")

	old := put(t, filepath.Join(cfg.Paths.RuntimeDir, "bin", "CLIProxyAPIPlus"), 0o700)
	_, err = runtimestore.Command(cfg, svc, environment())
	wantFault(t, err, "cliproxy-config-missing", cfg.CLIProxyConfigFile)

	put(t, cfg.CLIProxyConfigFile, 0o600)
	expect := func(bin, version string) {
		t.Helper()
		spec, err := runtimestore.Command(cfg, svc, environment())
		if want := []string{bin, "-config", cfg.CLIProxyConfigFile}; err != nil || !slices.Equal(spec.Args, want) ||
			spec.Version != version {
			t.Errorf("want %v version %q, got %+v, %v", want, version, spec, err)
		}
	}
	expect(old, "")
	install(t, cfg, "cliproxyapi", "6.3.1", "CLIProxyAPI")
	expect(filepath.Join(cfg.Paths.Root(), "store", "cliproxyapi", "current", "CLIProxyAPI"), "6.3.1")
}

func TestACommandIsResolvedFromItsOwnFolder(t *testing.T) {
	t.Parallel()
	cfg, svc := stack(t), service(config.RuntimeCommand)
	svc.Cwd = filepath.Dir(cfg.Dir)
	bin := put(t, filepath.Join(svc.Cwd, "bin", "serve"), 0o700)
	svc.Command = []string{"bin/serve", "--x"}
	spec, err := runtimestore.Command(cfg, svc, environment())
	if err != nil || !slices.Equal(spec.Args, []string{bin, "--x"}) || spec.Dir != svc.Cwd {
		t.Errorf("relative: %+v, %v", spec, err)
	}

	put(t, filepath.Join(svc.Cwd, "bin", "data"), 0o600)
	for arg, what := range map[string]string{
		"bin/none": "does not exist", "bin": "is not on PATH", "./bin": "is a folder", "bin/data": "is not executable",
	} {
		svc.Command = []string{arg}
		_, err := runtimestore.Command(cfg, svc, environment())
		wantFault(t, err, "runtime-missing", what, `"svc"`, "services.svc.command.args")
	}

	svc.Command, svc.Cwd = []string{bin}, filepath.Join(cfg.Dir, "gone")
	_, err = runtimestore.Command(cfg, svc, environment())
	wantFault(t, err, "cwd-missing", svc.Cwd)
	_, err = runtimestore.Command(cfg, service("docker"), environment())
	wantFault(t, err, "runtime-unknown", "docker")
}
