package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/internal/config"
)

// TestCredentialsGoToTheFolderThatTheServerLoads: auth-dir counts from the
// folder that the server is started in, which no example of the first FlowGate
// has as config/.
func TestCredentialsGoToTheFolderThatTheServerLoads(t *testing.T) {
	t.Parallel()
	const v3 = "config_version: 3\npaths: {runtime_dir: ../.router/runtime, log_file: l}\ncliproxyapi_plus: " +
		"{config_file: cliproxyapi.yaml}\n"
	version2 := func(service string) string {
		return "paths: {runtime_dir: ../.router/runtime, active_config: a, state_file: s, log_file: l}\nlitellm_base: " +
			"{}\nprofiles: {balanced: {}}\n" +
			"services:\n  litellm: {port: 4000, runtime: embedded}\n  cliproxyapi_plus: {port: 8317, " + service + "}\n"
	}
	for name, c := range map[string]struct{ text, own, want string }{
		"version 2, cwd": {version2(`command: {cwd: .., args: [bin/x, -config, config/cliproxyapi.yaml]}`),
			"auth-dir: ./.router/auths", ".router/auths"},
		"version 2, no cwd":         {version2(`command: {args: [bin/x]}`), "auth-dir: ../creds", "creds"},
		"version 2, another folder": {version2(`command: {cwd: ../work, args: [bin/x]}`), "auth-dir: creds", "work/creds"},
		"version 2, own runtime":    {version2(`runtime: cliproxyapi`), "auth-dir: ../.router/auths", ".router/auths"},
		"version 2, home": {version2(`command: {args: [bin/x]}, env: {HOME: /srv/proxy}`), "auth-dir: ~/auths",
			"/srv/proxy/auths"},
		"version 2, absolute": {version2(`command: {cwd: .., args: [bin/x]}`), "auth-dir: /srv/auths", "/srv/auths"},
		"version 2, another file": {version2(`command: {cwd: .., args: [bin/x, --config=etc/own.yaml]}`),
			"auth-dir: ignored", "elsewhere"},
		"version 2, a missing file": {version2(`command: {cwd: .., args: [bin/x, -config, nope.yaml]}`), "auth-dir: auths",
			"auths"},
		"version 3":       {v3, "auth-dir: ./.router/auths", ".router/auths"},
		"version 3, none": {v3, "", "home/.cli-proxy-api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			file := s.Put("config/flowgate.yaml", c.text)
			s.Put("config/cliproxyapi.yaml", "host: 127.0.0.1\nport: 8317\n"+c.own+"\n")
			s.Put("etc/own.yaml", "auth-dir: elsewhere\n")
			var err error
			if s.Config, err = config.Load(file, s.Env.Getenv); err != nil {
				t.Fatal(err)
			}
			want := c.want
			if !filepath.IsAbs(want) {
				want = filepath.Join(s.Dir, want)
			}
			if got := auth.Folder(s.Config, s.Env); got != want {
				t.Errorf("%s, not %s", got, want)
			}
			if filepath.Dir(want) == "/srv" || filepath.Dir(want) == "/srv/proxy" {
				return
			}
			s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r1", 3600e9))
			got, err := s.Import("codex", source.Options{Share: true})
			if err != nil || filepath.Dir(got.Destination) != want {
				t.Errorf("%+v, %v", got, err)
			}
			if _, err := os.Stat(filepath.Join(s.Dir, "config", ".router")); err == nil {
				t.Error("config/.router was made, which no .gitignore knows")
			}
			view, err := status.Read(t.Context(), s.Config, s.Env, status.Options{})
			if err != nil || view.Folder != want {
				t.Errorf("status names %q, %v", view.Folder, err)
			}
		})
	}
}
