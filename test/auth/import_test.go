package auth_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/bundle"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/refresh"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/auth/vault"
)

// home is a path in the site's home folder.
func (s *site) home(path ...string) string {
	return filepath.Join(append([]string{s.dir, "home"}, path...)...)
}

func (s *site) importing(provider string, o source.Options) (auth.Change, error) {
	return source.Import(s.t.Context(), s.cfg, s.env, provider, o)
}

// read is a JSON file.
func (s *site) read(path string) object {
	s.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		s.t.Fatal(err)
	}
	return o
}

// codexCLI is what Codex keeps: an account whose access token ends so long after now.
func codexCLI(email, refresh string, in time.Duration) object {
	return object{"OPENAI_API_KEY": nil, "last_refresh": now().Add(-time.Hour).Format(time.RFC3339Nano), "tokens": object{
		"id_token": jwt(object{"email": email, "https://api.openai.com/auth": object{"chatgpt_plan_type": "Plus",
			"chatgpt_account_id": "acc-" + email}}),
		"access_token":  jwt(object{"exp": now().Add(in).Unix()}),
		"refresh_token": refresh,
	}}
}

func claudeCode(refresh string, expires time.Time) object {
	return object{"claudeAiOauth": object{"accessToken": canary + "-at", "refreshToken": refresh,
		"expiresAt": expires.UnixMilli(), "scopes": []string{"user:inference"}, "subscriptionType": "max"}}
}

func TestEachToolsCredentialBecomesTheFileThatTheServerLoads(t *testing.T) {
	t.Parallel()
	later := now().Add(6 * time.Hour)
	for name, c := range map[string]struct {
		provider, origin string
		content          any
		o                source.Options
		file             string
		want             object
	}{
		"Codex": {"codex", ".codex/auth.json", codexCLI("a@x.y", "r1", 6*time.Hour), source.Options{Share: true},
			"codex-d6ef02da-a@x.y-plus.json",
			object{"type": "codex", "email": "a@x.y", "account_id": "acc-a@x.y", "refresh_token": "r1",
				"expired": "2026-11-25T18:00:00Z", "last_refresh": "2026-11-25T11:00:00Z"}},
		"Claude Code": {"claude", ".claude/.credentials.json", claudeCode("r2", later),
			source.Options{Share: true, Label: "work"}, "claude-work.json",
			object{"type": "claude", "access_token": canary + "-at", "refresh_token": "r2", "id_token": "",
				"expired": "2026-11-25T18:00:00Z"}},
		"Gemini CLI": {"gemini", ".gemini/oauth_creds.json", object{"access_token": "at", "refresh_token": "r3",
			"token_type": "Bearer", "scope": "s1 s2", "expiry_date": later.UnixMilli(),
			"id_token": jwt(object{"email": "g@x.y"})}, source.Options{Project: "p-1"}, "g@x.y-p-1.json",
			object{"type": "gemini", "email": "g@x.y", "project_id": "p-1", "auto": false, "checked": true}},
		"Copilot": {"copilot", ".config/github-copilot/apps.json",
			object{"github.com:Iv1.other": object{"user": "u", "oauth_token": "gho_other"},
				"github.com:Iv1.b507a08c87ecfe98": object{"user": "u", "oauth_token": "ghu_best"}}, source.Options{},
			"github-copilot-u.json",
			object{"type": "github-copilot", "access_token": "ghu_best", "token_type": "bearer", "username": "u"}},
		"Copilot, old file": {"copilot", ".config/github-copilot/hosts.json",
			object{"github.com": object{"user": "v", "oauth_token": "gho_1"}}, source.Options{}, "github-copilot-v.json",
			object{"type": "github-copilot", "access_token": "gho_1", "username": "v"}},
		"Qwen Code": {"qwen", ".qwen/oauth_creds.json", object{"access_token": "at", "refresh_token": "r4",
			"resource_url": "portal.qwen.ai", "expiry_date": later.UnixMilli()}, source.Options{Share: true}, "qwen-qwen.json",
			object{"type": "qwen", "resource_url": "portal.qwen.ai", "expired": "2026-11-25T18:00:00Z", "refresh_token": "r4"}},
		"Kiro": {"kiro", ".aws/sso/cache/kiro-auth-token.json", object{"accessToken": "at", "refreshToken": "r5",
			"profileArn": "arn:1", "expiresAt": later.Format(time.RFC3339), "authMethod": "IdC", "provider": "Enterprise",
			"clientIdHash": "ab12"}, source.Options{}, "kiro-idc.json",
			object{"type": "kiro", "auth_method": "idc", "profile_arn": "arn:1", "expires_at": "2026-11-25T18:00:00Z",
				"client_id": "cid", "client_secret": "csec"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			origin := s.put(s.home(c.origin), c.content)
			s.put(s.home(".aws/sso/cache/ab12.json"), object{"clientId": "cid", "clientSecret": "csec"})
			got, err := s.importing(c.provider, c.o)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(s.cfg.Paths.Auths(), c.file)
			if !got.Changed || got.Destination != file || got.Source != origin || got.Account == nil ||
				got.Account.Provider != c.provider {
				t.Fatalf("%+v", got)
			}
			content := s.read(file)
			for key, want := range c.want {
				if content[key] != want {
					t.Errorf("%s is %v, not %v", key, content[key], want)
				}
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			before, _ := os.Stat(file)
			again, err := s.importing(c.provider, c.o)
			after, _ := os.Stat(file)
			if err != nil || again.Changed || !after.ModTime().Equal(before.ModTime()) ||
				!strings.Contains(again.Proof, "already") {
				t.Errorf("the second time: %+v, %v", again, err)
			}
			if b, _ := json.Marshal(got); strings.Contains(string(b), canary) {
				t.Errorf("a token is shown: %s", b)
			}
		})
	}
}

func TestPlacesFollowTheToolsOwnVariables(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	elsewhere := filepath.Join(s.dir, "elsewhere")
	home := s.env.Getenv("HOME")
	s.env.Getenv = func(name string) string {
		return map[string]string{"HOME": home, "CODEX_HOME": elsewhere, "CLAUDE_CONFIG_DIR": elsewhere}[name]
	}
	s.put(filepath.Join(elsewhere, "auth.json"), codexCLI("a@x.y", "r1", time.Hour))
	s.put(filepath.Join(elsewhere, ".credentials.json"), claudeCode("r2", now().Add(time.Hour)))
	s.put(filepath.Join(elsewhere, ".claude.json"), object{"oauthAccount": object{"emailAddress": "c@x.y"}})
	for provider, account := range map[string]string{"codex": "codex-d6ef02da-a@x.y-plus", "claude": "claude-c@x.y"} {
		if got, err := s.importing(provider, source.Options{Share: true}); err != nil || got.Account.Account != account {
			t.Errorf("%s: %+v, %v", provider, got.Account, err)
		}
	}
}

func TestSeveralAccountsLiveSideBySide(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, email := range []string{"a@x.y", "b@x.y"} {
		s.put(s.home(".codex/auth.json"), codexCLI(email, "r-"+email, time.Hour))
		if _, err := s.importing("codex", source.Options{Share: true}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.accounts()); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

func TestAnAccountThatIsThereKeepsItsFileAndItsOwnKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old := codex("a@x.y", "r0", time.Minute)
	old["prefix"], old["priority"] = "team", 3
	old["account_id"] = "acc-a@x.y"
	file := s.credential("codex-a@x.y.json", old) // as the Plus family names it
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r1", time.Hour))
	got, err := s.importing("codex", source.Options{Share: true})
	if err != nil || got.Destination != file {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := s.read(file); c["prefix"] != "team" || c["priority"] != 3.0 || c["refresh_token"] != "r1" {
		t.Errorf("%v", c)
	}
}

func TestANewerTokenIsNeverReplacedByAnOlderOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	have := codex("a@x.y", "renewed", 5*time.Hour)
	file := s.credential("codex-a@x.y.json", have)
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "old", time.Hour))
	_, err := s.importing("codex", source.Options{Share: true})
	wantCode(t, err, "credential-older")
	if s.read(file)["refresh_token"] != "renewed" {
		t.Error("it was replaced")
	}
	if _, err := s.importing("codex", source.Options{Share: true, Force: true}); err != nil ||
		s.read(file)["refresh_token"] != "old" {
		t.Errorf("-force: %v", err)
	}
}

func TestASingleUseGrantIsNotSharedUnasked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	origin := s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", canary+"-r1", time.Hour))
	before := s.read(origin)
	_, err := s.importing("codex", source.Options{})
	wantCode(t, err, "grant-shared")
	if !strings.Contains(err.Error(), origin) || !strings.Contains(err.Error(), "a@x.y") ||
		strings.Contains(err.Error(), canary) {
		t.Errorf("%v", err)
	}
	if len(s.accounts()) != 0 {
		t.Error("something was written")
	}
	got, err := s.importing("codex", source.Options{Take: true})
	if err != nil || len(got.Warnings) != 1 || got.Warnings[0].Code != "grant-taken" {
		t.Fatalf("%+v, %v", got, err)
	}
	if tokens := s.read(origin)["tokens"].(object); tokens["refresh_token"] != "" ||
		tokens["access_token"] != before["tokens"].(object)["access_token"] {
		t.Errorf("the source has %v", tokens)
	}
	backups, _ := filepath.Glob(origin + ".flowgate-*")
	if len(backups) != 1 || s.read(backups[0])["tokens"].(object)["refresh_token"] != canary+"-r1" {
		t.Errorf("backups %v", backups)
	}
	if shared, err := grant.FindShared(t.Context(), s.cfg, s.env, s.accounts()); err != nil || len(shared) != 0 {
		t.Errorf("still shared: %+v, %v", shared, err)
	}
}

func TestAGrantInTheTrashIsAHolderToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.credential("codex-b.json", codex("b@x.y", "same", time.Hour))
	if _, err := vault.Logout(t.Context(), s.cfg, s.env, "codex-b"); err != nil {
		t.Fatal(err)
	}
	s.put(s.home("one.json"), codex("c@x.y", "same", time.Hour))
	_, err := s.importing("codex", source.Options{Source: s.home("one.json"), Take: true})
	wantCode(t, err, "grant-shared")
	if err != nil && !strings.Contains(err.Error(), ".trash") {
		t.Errorf("%v", err)
	}
}

func TestAWholeFolderOfAnotherServerIsTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put("other/codex-a.json", codex("a@x.y", "r1", time.Hour))
	s.put("other/claude-b.json", object{"type": "claude", "access_token": "a", "refresh_token": "r2", "email": "b@x.y",
		"expired": "2026-12-01T00:00:00Z"})
	s.put("other/readme.txt", "x")
	s.credential("codex-a.json", codex("a@x.y", "newer", 9*time.Hour))
	got, err := s.importing("all", source.Options{Source: filepath.Join(s.dir, "other"), Share: true})
	if err != nil || len(got.Others) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range append([]auth.Change{got}, got.Others...) {
		if older := c.Account.Provider == "codex"; older == c.Changed {
			t.Errorf("%+v", c)
		}
	}
	if _, err := s.importing("gemini", source.Options{Source: filepath.Join(s.dir, "other")}); err == nil {
		t.Error("a provider that is not there was imported")
	}
}

func TestAnAPIKeyInCodexBecomesAnAPIKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), object{"auth_mode": "apikey", "OPENAI_API_KEY": "sk-" + canary})
	got, err := s.importing("codex", source.Options{})
	if err != nil || got.Account.Provider != "openai" || got.Account.State != auth.Lasting || got.Account.Mode != "0600" {
		t.Fatalf("%+v, %v", got, err)
	}
	if again, err := s.importing("codex", source.Options{}); err != nil || again.Changed {
		t.Errorf("%+v, %v", again, err)
	}
	s.put(s.home(".codex/auth.json"), object{"OPENAI_API_KEY": "sk-another-key"})
	_, err = s.importing("codex", source.Options{})
	wantCode(t, err, "destination-taken")
}

func TestBadSourcesAreRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	cut := `{"tokens":{"access_token":"` + canary
	for name, c := range map[string]struct {
		make func(s *site, file string)
		code string
	}{
		"missing":               {func(*site, string) {}, "source-missing"},
		"empty":                 {func(s *site, f string) { s.put(f, "") }, "source-invalid"},
		"truncated":             {func(s *site, f string) { s.put(f, cut) }, "source-invalid"},
		"binary":                {func(s *site, f string) { s.put(f, "\x7fELF\x00\x01") }, "source-invalid"},
		"not JSON":              {func(s *site, f string) { s.put(f, "hello") }, "source-invalid"},
		"a list":                {func(s *site, f string) { s.put(f, "[]") }, "source-invalid"},
		"wrong types":           {func(s *site, f string) { s.put(f, `{"tokens":[],"OPENAI_API_KEY":7}`) }, "source-invalid"},
		"wrong inner types":     {func(s *site, f string) { s.put(f, `{"tokens":{"access_token":7}}`) }, "source-invalid"},
		"no refresh token":      {func(s *site, f string) { s.put(f, codexCLI("a@x.y", "", time.Hour)) }, "refresh-missing"},
		"a folder in its place": {func(s *site, f string) { s.put(f+"/x", "") }, "source-unreadable"},
		"a symbolic link": {func(s *site, f string) {
			s.put(f, "x")
			target := s.put(s.home("target"), codexCLI("a@x.y", "r", time.Hour))
			_ = os.Remove(f)
			_ = os.Symlink(target, f)
		}, "source-unreadable"},
		"a pipe": {func(s *site, f string) {
			s.put(f, "")
			_ = os.Remove(f)
			_ = syscall.Mkfifo(f, 0o600)
		}, "source-unreadable"},
		"a gigabyte": {func(s *site, f string) {
			s.put(f, "")
			_ = os.Truncate(f, 1<<30)
		}, "source-invalid"},
		"another tool's": {func(s *site, f string) { s.put(f, claudeCode("r", now())) }, "source-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c.make(s, s.home(".codex/auth.json"))
			_, err := s.importing("codex", source.Options{Share: true})
			wantCode(t, err, c.code)
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("a token is shown: %v", err)
			}
			if n := len(s.accounts()); n != 0 {
				t.Errorf("%d accounts were written", n)
			}
		})
	}
}

func TestATokenThatIsNoJWTIsImportedWithoutClaims(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), object{"tokens": object{"access_token": "opaque", "id_token": "a.b.c",
		"refresh_token": "r"}})
	got, err := s.importing("codex", source.Options{Share: true})
	if err != nil || got.Account.State != auth.Unknown || filepath.Base(got.Destination) != "codex-account.json" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestAnExpiredTokenIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r", -time.Hour))
	got, err := s.importing("codex", source.Options{Share: true})
	if err != nil || got.Account.State != auth.Stale || got.Warnings[0].Code != "token-expired" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestBadDestinationsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	origin := s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r", time.Hour))
	link := filepath.Join(s.dir, "link.json")
	if err := os.Symlink(s.put("target.json", "{}"), link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dest, code string }{
		"the source itself": {origin, "source-is-destination"},
		"a symbolic link":   {link, "destination-unsafe"},
		"another account":   {s.put("taken.json", codex("z@x.y", "rz", time.Hour)), "destination-taken"},
		"below a file":      {filepath.Join(s.put("plain", "x"), "sub.json"), "write-failed"},
	} {
		_, err := s.importing("codex", source.Options{Share: true, Dest: c.dest})
		if wantCode(t, err, c.code); t.Failed() {
			t.Log(name)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(s.dir, "target.json")); string(b) != "{}" {
		t.Error("the link was followed")
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r", time.Hour))
	got, err := s.importing("codex", source.Options{Take: true, DryRun: true})
	if err != nil || !got.Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := os.Stat(s.cfg.Paths.Auths()); err == nil {
		t.Error("the folder was made")
	}
}

func TestOfTwoImportsAtOnceOneChangesAndBothSucceed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r", time.Hour))
	var wg sync.WaitGroup
	changed := make([]bool, 8)
	for i := range changed {
		wg.Go(func() {
			c, err := source.Import(context.Background(), s.cfg, s.env, "codex", source.Options{Share: true})
			if err != nil {
				t.Error(err)
			}
			changed[i] = c.Changed
		})
	}
	wg.Wait()
	n := 0
	for _, c := range changed {
		if c {
			n++
		}
	}
	if n != 1 || len(s.accounts()) != 1 {
		t.Errorf("%d changed, %d accounts", n, len(s.accounts()))
	}
}

func TestAHostileNameStaysInTheFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), codexCLI("../../../etc/x\x00\n@y", "r", time.Hour))
	got, err := s.importing("codex", source.Options{Share: true})
	if err != nil || filepath.Dir(got.Destination) != s.cfg.Paths.Auths() {
		t.Fatalf("%+v, %v", got, err)
	}
	s.put(s.home(".aws/sso/cache/kiro-auth-token.json"), object{"accessToken": "a", "refreshToken": "r",
		"authMethod": "../../x", "clientIdHash": "../../../etc/passwd", "profileArn": "p"})
	got, err = s.importing("kiro", source.Options{})
	if err != nil || filepath.Dir(got.Destination) != s.cfg.Paths.Auths() {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestAnExportMovesAccountsToAnotherMachine(t *testing.T) {
	t.Parallel()
	here, there := newSite(t), newSite(t)
	here.credential("codex-a.json", codex("a@x.y", canary+"-r", time.Hour))
	here.put(filepath.Join(here.cfg.Paths.Secrets(), "provider-openai.key"), "sk-"+canary+"\n")
	file := filepath.Join(here.dir, "x.age")
	ask := func(string) (string, error) { return "correct horse battery", nil }
	got, err := bundle.Export(t.Context(), here.cfg, here.env, "all", bundle.Options{Dest: file, Secret: ask})
	if err != nil || !got.Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	if b, _ := os.ReadFile(file); strings.Contains(string(b), canary) {
		t.Error("it is not encrypted")
	}
	_, err = bundle.Export(t.Context(), here.cfg, here.env, "all", bundle.Options{Dest: file, Secret: ask})
	wantCode(t, err, "destination-taken")
	_, err = there.importing("all", source.Options{Source: file,
		Secret: func(string) (string, error) { return "something else", nil }})
	wantCode(t, err, "decrypt-failed")
	_, err = there.importing("all", source.Options{Source: file})
	wantCode(t, err, "passphrase-missing")
	moved, err := there.importing("all", source.Options{Source: file, Secret: ask})
	if err != nil || len(moved.Others) != 1 {
		t.Fatalf("%+v, %v", moved, err)
	}
	a := there.accounts()
	if len(a) != 2 || a[0].Provider != "codex" || a[1].Provider != "openai" || a[0].Mode != "0600" {
		t.Errorf("%+v", a)
	}
}

func TestLogoutIsUndone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := s.credential("codex-a.json", codex("a@x.y", "r", time.Hour))
	s.credential("codex-b.json", codex("b@x.y", "r2", time.Hour))
	_, err := vault.Logout(t.Context(), s.cfg, s.env, "codex")
	wantCode(t, err, "account-ambiguous")
	_, err = vault.Logout(t.Context(), s.cfg, s.env, "codex-x")
	wantCode(t, err, "account-unknown")
	got, err := vault.Logout(t.Context(), s.cfg, s.env, "a@x.y")
	if err != nil || !got.Changed || len(s.accounts()) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if info, err := os.Stat(got.Destination); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v", err)
	}
	back, err := vault.Restore(t.Context(), s.cfg, s.env, "codex-a")
	if err != nil || back.Destination != file || len(s.accounts()) != 2 {
		t.Fatalf("%+v, %v", back, err)
	}
	_, err = vault.Restore(t.Context(), s.cfg, s.env, "codex-a")
	wantCode(t, err, "account-unknown")
}

func TestWithinSaysWhichProviderRunsOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cfg.Providers = map[string]map[string]any{"codex": {}, "claude": {}}
	s.credential("codex.json", codex("a@x.y", "r", time.Hour))
	s.credential("claude.json", object{"type": "claude", "access_token": "a",
		"expired": now().Add(2 * time.Hour).Format(time.RFC3339)})
	view, err := status.Read(t.Context(), s.cfg, s.env, status.Options{Within: time.Hour})
	if err != nil {
		t.Errorf("within an hour: %v", err)
	}
	view, err = status.Read(t.Context(), s.cfg, s.env, status.Options{Within: 8 * time.Hour})
	wantCode(t, err, "accounts-ending")
	if len(view.Ending) != 1 || view.Ending[0].Provider != "claude" {
		t.Errorf("%+v", view.Ending)
	}
}

func TestTwoFilesOfOneAccountAreNotTakenForTwo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.credential("codex-have.json", codex("a@x.y", "r0", time.Minute))
	s.put("other/one.json", codex("a@x.y", "r1", time.Hour))
	s.put("other/two.json", codex("a@x.y", "r2", 2*time.Hour))
	got, err := s.importing("codex", source.Options{Source: filepath.Join(s.dir, "other"), Share: true})
	if err != nil || len(s.accounts()) != 1 || !got.Changed || len(got.Others) != 1 || got.Others[0].Changed {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatFindsNothingMakesNoFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := vault.Logout(t.Context(), s.cfg, s.env, "nobody")
	wantCode(t, err, "account-unknown")
	_, err = refresh.Accounts(t.Context(), s.cfg, s.env, "codex")
	wantCode(t, err, "account-unknown")
	if _, err := os.Stat(filepath.Join(s.dir, ".router")); err == nil {
		t.Error("a folder was made")
	}
}

func TestAByteOrderMarkIsAcceptedFromOtherToolsAndNamedInTheFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	text, err := json.Marshal(codexCLI("a@x.y", "rt-1", time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s.put(s.home(".codex/auth.json"), "\xef\xbb\xbf"+string(text))
	native, err := json.Marshal(codex("b@x.y", "rt-2", time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	file := s.put("elsewhere/b.json", "\xef\xbb\xbf"+string(native))
	for _, from := range []string{"", file, filepath.Dir(file)} {
		got, err := s.importing("codex", source.Options{Source: from, Share: true})
		if err != nil {
			t.Fatalf("%q: %v", from, err)
		}
		if b, _ := os.ReadFile(got.Destination); len(b) == 0 || b[0] != '{' {
			t.Errorf("%q: the file begins with %q", from, b[:min(len(b), 8)])
		}
	}
	s.credential("c.json", "\xef\xbb\xbf"+string(native))
	for _, a := range s.accounts() {
		if bad := len(a.Problems) > 0 && strings.Contains(a.Problems[0].Message,
			"byte-order mark"); bad != (a.Account == "c") {
			t.Errorf("%s: %v", a.Account, a.Problems)
		}
	}
}
