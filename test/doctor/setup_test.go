package doctor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/store"
)

const settings = "config/flowgate.yaml"

// startStack brings up the stack of an installation.
func startStack(s *stack) { s.mage("start") }

// prepare generates the profile, and leaves the stack down.
func prepare(s *stack) { s.mage("profile:set", "balanced") }

// withUpstream puts the double of CLIProxyAPI in the echo's place.
func withUpstream(s *stack) {
	s.edit(settings, "    runtime: echo", s.command("cliproxyapi-double", "-config="+s.path("config/cliproxyapi.yaml"),
		"-models=router-default,router-cheap"))
	s.mage("start")
}

// withUpstreamDown is the same, not started.
func withUpstreamDown(s *stack) {
	withUpstream(s)
	s.mage("stop")
}

// withStore puts the double into the store, as an installed version.
func withStore(s *stack) {
	s.install("7.2.99")
	s.edit(settings, "    runtime: echo", "    runtime: cliproxyapi\n    readiness_path: /healthz\n    # was: echo")
	s.mage("start")
}

// install makes a version of the double the active one of the store.
func (s *stack) install(version string) {
	s.t.Helper()
	s.program("download/cli-proxy-api-plus", fmt.Sprintf("#!/bin/sh\nexec %s cliproxyapi-double -version=%s "+
		"-models=router-default,router-cheap \"$@\"\n", os.Args[0], version))
	s.mage("bootstrap", "cliproxyapi", "-from="+s.path("download/cli-proxy-api-plus"), "-version="+version)
	store := s.path(".router/store/cliproxyapi")
	installed, err := filepath.Glob(filepath.Join(store, version+"-*"))
	if err != nil || len(installed) != 1 {
		s.t.Fatal(installed, err)
	}
	_ = os.Remove(filepath.Join(store, "current")) // bootstrap leaves another that is active alone
	if err := os.Symlink(filepath.Base(installed[0]), filepath.Join(store, "current")); err != nil {
		s.t.Fatal(err)
	}
}

// withRouter puts the double of LiteLLM in the embedded router's place.
func withRouter(s *stack) {
	work := s.path("work")
	if err := os.Mkdir(work, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.edit(settings, "    runtime: embedded", strings.Replace(s.command("litellm-double", fmt.Sprintf("-port=%d", s.port),
		"-models=router-default,router-cheap"), "/healthz", "/health/readiness", 1))
	s.edit(settings, "]}\n    readiness_path: /health/readiness",
		"], cwd: "+work+"}\n    readiness_path: /health/readiness")
	s.mage("start")
}

// withVenv names a LiteLLM in a virtual environment that is there but does not
// run; the stack stays down.
func withVenv(s *stack) {
	s.edit(settings, "    runtime: embedded", "    runtime: litellm")
	s.program(".venv/bin/python", "#!/bin/sh\n[ \"$*\" = \"-m pip install prisma\" ] && mkdir "+
		s.path(".venv/lib/python3.11/site-packages/prisma")+"\n")
	s.program(".venv/bin/litellm", "#!"+s.path(".venv/bin/python")+"\n")
	s.write(".venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.7\n")
	s.write(".venv/lib/python3.11/site-packages/prisma/__init__.py", "")
	s.write(".venv/lib/python3.11/site-packages/litellm-1.106.2.dist-info/METADATA", "Version: 1.106.2\n")
	prepare(s)
}

// command is the YAML of a service that runs this test binary.
func (s *stack) command(args ...string) string {
	words := strings.Join(append([]string{os.Args[0]}, args...), `", "`)
	return fmt.Sprintf("    command: {args: [\"%s\"]}\n    readiness_path: /healthz #", words)
}

// program writes an executable file.
func (s *stack) program(name, text string) {
	s.t.Helper()
	s.write(name, text)
	if err := os.Chmod(s.path(name), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// changeFile returns a change in the configuration that is put in force, and undone by
// hand in the same way; the stack is down.
func changeFile(name, old, new string) func(*stack) func() {
	return func(s *stack) func() {
		s.edit(name, old, new)
		prepare(s)
		return func() {
			s.edit(name, new, old)
			prepare(s)
		}
	}
}

// editFile returns a change in a file, undone by hand.
func editFile(name, old, new string) func(*stack) func() {
	return func(s *stack) func() {
		s.edit(name, old, new)
		return func() { s.edit(name, new, old) }
	}
}

// typeCommand returns a mistyped value; a command of the report fixes it.
func typeCommand(line string) func(*stack) func() {
	return func(s *stack) func() {
		s.shell(line)
		return nil
	}
}

// withInstall has CLIProxyAPI installed in the store, unused.
func withInstall(s *stack) {
	s.program("download/cli-proxy-api", "#!/bin/sh\nexit 0\n")
	cfg, err := config.Load(s.path(settings), os.Getenv)
	if err != nil {
		s.t.Fatal(err)
	}
	lock, err := store.Lock(s.t.Context(), cfg, config.RuntimeCLIProxyAPI)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	in, err := store.Add(s.t.Context(), cfg, store.NewInstall{
		Name: config.RuntimeCLIProxyAPI, Version: "7.2.99", Digest: "sha256:" + strings.Repeat("0", 64),
		Binary: "cli-proxy-api", Source: "a test",
		Fill: func(_ context.Context, dir string, _ *store.NewInstall) error {
			return os.CopyFS(dir, os.DirFS(s.path("download")))
		},
	})
	if err == nil {
		err = store.Activate(cfg, in.Name, filepath.Base(in.Path))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.installed = strings.TrimPrefix(filepath.Join(in.Path, in.Binary), s.dir+"/")
	prepare(s)
}

// withAccount has a Codex account signed in.
func withAccount(s *stack) {
	s.credential("", "rt-1", 0, 9*24*time.Hour)
	prepare(s)
}

// credential writes the account's file: its refresh token, and when its access
// token ends. What it returns puts the refresh token and the end before back.
func (s *stack) credential(oldRefresh, refresh string, oldEnds, ends time.Duration) func() {
	s.t.Helper()
	s.write(".router/auths/codex-ada@example.com.json", fmt.Sprintf(
		`{"type":"codex","email":"ada@example.com","account_id":"a","access_token":"at-1","id_token":"x","refresh_token":%q,"last_refresh":%q,"expired":%q}`,
		refresh, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(ends).UTC().Format(time.RFC3339)))
	return func() { s.credential("", oldRefresh, 0, oldEnds) }
}
