package source_test

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
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/refresh"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/vault"
)

func TestEachToolsCredentialBecomesTheFileThatTheServerLoads(t *testing.T) {
	t.Parallel()
	later := authtest.Now().Add(6 * time.Hour)
	for name, c := range map[string]struct {
		provider, origin string
		content          any
		o                source.Options
		file             string
		want             authtest.Object
	}{
		"Codex": {"codex", ".codex/auth.json", authtest.CodexCLI("a@x.y", "r1", 6*time.Hour), source.Options{Share: true},
			"codex-d6ef02da-a@x.y-plus.json",
			authtest.Object{"type": "codex", "email": "a@x.y", "account_id": "acc-a@x.y", "refresh_token": "r1",
				"expired": "2026-11-25T18:00:00Z", "last_refresh": "2026-11-25T11:00:00Z"}},
		"Claude Code": {"claude", ".claude/.credentials.json", authtest.ClaudeCode("r2", later),
			source.Options{Share: true, Label: "work"}, "claude-work.json",
			authtest.Object{"type": "claude", "access_token": authtest.Canary + "-at", "refresh_token": "r2", "id_token": "",
				"expired": "2026-11-25T18:00:00Z"}},
		"Gemini CLI": {"gemini", ".gemini/oauth_creds.json", authtest.Object{"access_token": "at", "refresh_token": "r3",
			"token_type": "Bearer", "scope": "s1 s2", "expiry_date": later.UnixMilli(),
			"id_token": authtest.JWT(authtest.Object{"email": "g@x.y"})}, source.Options{Project: "p-1"}, "g@x.y-p-1.json",
			authtest.Object{"type": "gemini", "email": "g@x.y", "project_id": "p-1", "auto": false, "checked": true}},
		"Copilot": {"copilot", ".config/github-copilot/apps.json",
			authtest.Object{"github.com:Iv1.other": authtest.Object{"user": "u", "oauth_token": "gho_other"},
				"github.com:Iv1.b507a08c87ecfe98": authtest.Object{"user": "u", "oauth_token": "ghu_best"}}, source.Options{},
			"github-copilot-u.json",
			authtest.Object{"type": "github-copilot", "access_token": "ghu_best", "token_type": "bearer", "username": "u"}},
		"Copilot, old file": {"copilot", ".config/github-copilot/hosts.json",
			authtest.Object{"github.com": authtest.Object{"user": "v", "oauth_token": "gho_1"}}, source.Options{}, "github-copilot-v.json",
			authtest.Object{"type": "github-copilot", "access_token": "gho_1", "username": "v"}},
		"Qwen Code": {"qwen", ".qwen/oauth_creds.json", authtest.Object{"access_token": "at", "refresh_token": "r4",
			"resource_url": "portal.qwen.ai", "expiry_date": later.UnixMilli()}, source.Options{Share: true}, "qwen-qwen.json",
			authtest.Object{"type": "qwen", "resource_url": "portal.qwen.ai", "expired": "2026-11-25T18:00:00Z", "refresh_token": "r4"}},
		"Kiro": {"kiro", ".aws/sso/cache/kiro-auth-token.json", authtest.Object{"accessToken": "at", "refreshToken": "r5",
			"profileArn": "arn:1", "expiresAt": later.Format(time.RFC3339), "authMethod": "IdC", "provider": "Enterprise",
			"clientIdHash": "ab12"}, source.Options{}, "kiro-idc.json",
			authtest.Object{"type": "kiro", "auth_method": "idc", "profile_arn": "arn:1", "expires_at": "2026-11-25T18:00:00Z",
				"client_id": "cid", "client_secret": "csec"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			origin := s.Put(s.Home(c.origin), c.content)
			s.Put(s.Home(".aws/sso/cache/ab12.json"), authtest.Object{"clientId": "cid", "clientSecret": "csec"})
			got, err := s.Import(c.provider, c.o)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(s.Config.Paths.Auths(), c.file)
			if !got.Changed || got.Destination != file || got.Source != origin || got.Account == nil ||
				got.Account.Provider != c.provider {
				t.Fatalf("%+v", got)
			}
			content := s.Read(file)
			for key, want := range c.want {
				if content[key] != want {
					t.Errorf("%s is %v, not %v", key, content[key], want)
				}
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			before, _ := os.Stat(file)
			again, err := s.Import(c.provider, c.o)
			after, _ := os.Stat(file)
			if err != nil || again.Changed || !after.ModTime().Equal(before.ModTime()) ||
				!strings.Contains(again.Proof, "already") {
				t.Errorf("the second time: %+v, %v", again, err)
			}
			if b, _ := json.Marshal(got); strings.Contains(string(b), authtest.Canary) {
				t.Errorf("a token is shown: %s", b)
			}
		})
	}
}

func TestPlacesFollowTheToolsOwnVariables(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	elsewhere := filepath.Join(s.Dir, "elsewhere")
	home := s.Env.Getenv("HOME")
	s.Env.Getenv = func(name string) string {
		return map[string]string{"HOME": home, "CODEX_HOME": elsewhere, "CLAUDE_CONFIG_DIR": elsewhere}[name]
	}
	s.Put(filepath.Join(elsewhere, "auth.json"), authtest.CodexCLI("a@x.y", "r1", time.Hour))
	s.Put(filepath.Join(elsewhere, ".credentials.json"), authtest.ClaudeCode("r2", authtest.Now().Add(time.Hour)))
	s.Put(filepath.Join(elsewhere, ".claude.json"), authtest.Object{"oauthAccount": authtest.Object{"emailAddress": "c@x.y"}})
	for provider, account := range map[string]string{"codex": "codex-d6ef02da-a@x.y-plus", "claude": "claude-c@x.y"} {
		if got, err := s.Import(provider, source.Options{Share: true}); err != nil || got.Account.Account != account {
			t.Errorf("%s: %+v, %v", provider, got.Account, err)
		}
	}
}

func TestSeveralAccountsLiveSideBySide(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	for _, email := range []string{"a@x.y", "b@x.y"} {
		s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI(email, "r-"+email, time.Hour))
		if _, err := s.Import("codex", source.Options{Share: true}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.Accounts()); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

func TestAnAccountThatIsThereKeepsItsFileAndItsOwnKeys(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	old := authtest.Codex("a@x.y", "r0", time.Minute)
	old["prefix"], old["priority"] = "team", 3
	old["account_id"] = "acc-a@x.y"
	file := s.Credential("codex-a@x.y.json", old) // as the Plus family names it
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r1", time.Hour))
	got, err := s.Import("codex", source.Options{Share: true})
	if err != nil || got.Destination != file {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := s.Read(file); c["prefix"] != "team" || c["priority"] != 3.0 || c["refresh_token"] != "r1" {
		t.Errorf("%v", c)
	}
}

func TestANewerTokenIsNeverReplacedByAnOlderOne(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	have := authtest.Codex("a@x.y", "renewed", 5*time.Hour)
	file := s.Credential("codex-a@x.y.json", have)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "old", time.Hour))
	_, err := s.Import("codex", source.Options{Share: true})
	authtest.WantCode(t, err, "credential-older")
	if s.Read(file)["refresh_token"] != "renewed" {
		t.Error("it was replaced")
	}
	if _, err := s.Import("codex", source.Options{Share: true, Force: true}); err != nil ||
		s.Read(file)["refresh_token"] != "old" {
		t.Errorf("-force: %v", err)
	}
}

func TestASingleUseGrantIsNotSharedUnasked(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	origin := s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", authtest.Canary+"-r1", time.Hour))
	before := s.Read(origin)
	_, err := s.Import("codex", source.Options{})
	authtest.WantCode(t, err, "grant-shared")
	if !strings.Contains(err.Error(), origin) || !strings.Contains(err.Error(), "a@x.y") ||
		strings.Contains(err.Error(), authtest.Canary) {
		t.Errorf("%v", err)
	}
	if len(s.Accounts()) != 0 {
		t.Error("something was written")
	}
	got, err := s.Import("codex", source.Options{Take: true})
	if err != nil || len(got.Warnings) != 1 || got.Warnings[0].Code != "grant-taken" {
		t.Fatalf("%+v, %v", got, err)
	}
	if tokens := s.Read(origin)["tokens"].(authtest.Object); tokens["refresh_token"] != "" ||
		tokens["access_token"] != before["tokens"].(authtest.Object)["access_token"] {
		t.Errorf("the source has %v", tokens)
	}
	backups, _ := filepath.Glob(origin + ".flowgate-*")
	if len(backups) != 1 || s.Read(backups[0])["tokens"].(authtest.Object)["refresh_token"] != authtest.Canary+"-r1" {
		t.Errorf("backups %v", backups)
	}
	if shared, err := grant.FindShared(t.Context(), s.Config, s.Env, s.Accounts()); err != nil || len(shared) != 0 {
		t.Errorf("still shared: %+v, %v", shared, err)
	}
}

func TestAGrantInTheTrashIsAHolderToo(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("codex-b.json", authtest.Codex("b@x.y", "same", time.Hour))
	if _, err := vault.Logout(t.Context(), s.Config, s.Env, "codex-b"); err != nil {
		t.Fatal(err)
	}
	s.Put(s.Home("one.json"), authtest.Codex("c@x.y", "same", time.Hour))
	_, err := s.Import("codex", source.Options{Source: s.Home("one.json"), Take: true})
	authtest.WantCode(t, err, "grant-shared")
	if err != nil && !strings.Contains(err.Error(), ".trash") {
		t.Errorf("%v", err)
	}
}

func TestAWholeFolderOfAnotherServerIsTaken(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put("other/codex-a.json", authtest.Codex("a@x.y", "r1", time.Hour))
	s.Put("other/claude-b.json", authtest.Object{"type": "claude", "access_token": "a", "refresh_token": "r2", "email": "b@x.y",
		"expired": "2026-12-01T00:00:00Z"})
	s.Put("other/readme.txt", "x")
	s.Credential("codex-a.json", authtest.Codex("a@x.y", "newer", 9*time.Hour))
	got, err := s.Import("all", source.Options{Source: filepath.Join(s.Dir, "other"), Share: true})
	if err != nil || len(got.Others) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range append([]auth.Change{got}, got.Others...) {
		if older := c.Account.Provider == "codex"; older == c.Changed {
			t.Errorf("%+v", c)
		}
	}
	if _, err := s.Import("gemini", source.Options{Source: filepath.Join(s.Dir, "other")}); err == nil {
		t.Error("a provider that is not there was imported")
	}
}

func TestAnAPIKeyInCodexBecomesAnAPIKey(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.Object{"auth_mode": "apikey", "OPENAI_API_KEY": "sk-" + authtest.Canary})
	got, err := s.Import("codex", source.Options{})
	if err != nil || got.Account.Provider != "openai" || got.Account.State != auth.Lasting || got.Account.Mode != "0600" {
		t.Fatalf("%+v, %v", got, err)
	}
	if again, err := s.Import("codex", source.Options{}); err != nil || again.Changed {
		t.Errorf("%+v, %v", again, err)
	}
	s.Put(s.Home(".codex/auth.json"), authtest.Object{"OPENAI_API_KEY": "sk-another-key"})
	_, err = s.Import("codex", source.Options{})
	authtest.WantCode(t, err, "destination-taken")
}

func TestBadSourcesAreRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	cut := `{"tokens":{"access_token":"` + authtest.Canary
	for name, c := range map[string]struct {
		make func(s *authtest.Site, file string)
		code string
	}{
		"missing":               {func(*authtest.Site, string) {}, "source-missing"},
		"empty":                 {func(s *authtest.Site, f string) { s.Put(f, "") }, "source-invalid"},
		"truncated":             {func(s *authtest.Site, f string) { s.Put(f, cut) }, "source-invalid"},
		"binary":                {func(s *authtest.Site, f string) { s.Put(f, "\x7fELF\x00\x01") }, "source-invalid"},
		"not JSON":              {func(s *authtest.Site, f string) { s.Put(f, "hello") }, "source-invalid"},
		"a list":                {func(s *authtest.Site, f string) { s.Put(f, "[]") }, "source-invalid"},
		"wrong types":           {func(s *authtest.Site, f string) { s.Put(f, `{"tokens":[],"OPENAI_API_KEY":7}`) }, "source-invalid"},
		"wrong inner types":     {func(s *authtest.Site, f string) { s.Put(f, `{"tokens":{"access_token":7}}`) }, "source-invalid"},
		"no refresh token":      {func(s *authtest.Site, f string) { s.Put(f, authtest.CodexCLI("a@x.y", "", time.Hour)) }, "refresh-missing"},
		"a folder in its place": {func(s *authtest.Site, f string) { s.Put(f+"/x", "") }, "source-unreadable"},
		"a symbolic link": {func(s *authtest.Site, f string) {
			s.Put(f, "x")
			target := s.Put(s.Home("target"), authtest.CodexCLI("a@x.y", "r", time.Hour))
			_ = os.Remove(f)
			_ = os.Symlink(target, f)
		}, "source-unreadable"},
		"a pipe": {func(s *authtest.Site, f string) {
			s.Put(f, "")
			_ = os.Remove(f)
			_ = syscall.Mkfifo(f, 0o600)
		}, "source-unreadable"},
		"a gigabyte": {func(s *authtest.Site, f string) {
			s.Put(f, "")
			_ = os.Truncate(f, 1<<30)
		}, "source-invalid"},
		"another tool's": {func(s *authtest.Site, f string) { s.Put(f, authtest.ClaudeCode("r", authtest.Now())) }, "source-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			c.make(s, s.Home(".codex/auth.json"))
			_, err := s.Import("codex", source.Options{Share: true})
			authtest.WantCode(t, err, c.code)
			if err != nil && strings.Contains(err.Error(), authtest.Canary) {
				t.Errorf("a token is shown: %v", err)
			}
			if n := len(s.Accounts()); n != 0 {
				t.Errorf("%d accounts were written", n)
			}
		})
	}
}

func TestATokenThatIsNotAJWTIsImportedWithoutClaims(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.Object{"tokens": authtest.Object{"access_token": "opaque", "id_token": "a.b.c",
		"refresh_token": "r"}})
	got, err := s.Import("codex", source.Options{Share: true})
	if err != nil || got.Account.State != auth.Unknown || filepath.Base(got.Destination) != "codex-account.json" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestAnExpiredTokenIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r", -time.Hour))
	got, err := s.Import("codex", source.Options{Share: true})
	if err != nil || got.Account.State != auth.Stale || got.Warnings[0].Code != "token-expired" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestBadDestinationsAreRefused(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	origin := s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r", time.Hour))
	link := filepath.Join(s.Dir, "link.json")
	if err := os.Symlink(s.Put("target.json", "{}"), link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dest, code string }{
		"the source itself": {origin, "source-is-destination"},
		"a symbolic link":   {link, "destination-unsafe"},
		"another account":   {s.Put("taken.json", authtest.Codex("z@x.y", "rz", time.Hour)), "destination-taken"},
		"below a file":      {filepath.Join(s.Put("plain", "x"), "sub.json"), "write-failed"},
	} {
		_, err := s.Import("codex", source.Options{Share: true, Dest: c.dest})
		if authtest.WantCode(t, err, c.code); t.Failed() {
			t.Log(name)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(s.Dir, "target.json")); string(b) != "{}" {
		t.Error("the link was followed")
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r", time.Hour))
	got, err := s.Import("codex", source.Options{Take: true, DryRun: true})
	if err != nil || !got.Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := os.Stat(s.Config.Paths.Auths()); err == nil {
		t.Error("the folder was made")
	}
}

func TestOfTwoImportsAtOnceOneChangesAndBothSucceed(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r", time.Hour))
	var wg sync.WaitGroup
	changed := make([]bool, 8)
	for i := range changed {
		wg.Go(func() {
			c, err := source.Import(context.Background(), s.Config, s.Env, "codex", source.Options{Share: true})
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
	if n != 1 || len(s.Accounts()) != 1 {
		t.Errorf("%d changed, %d accounts", n, len(s.Accounts()))
	}
}

func TestAHostileNameStaysInTheFolder(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("../../../etc/x\x00\n@y", "r", time.Hour))
	got, err := s.Import("codex", source.Options{Share: true})
	if err != nil || filepath.Dir(got.Destination) != s.Config.Paths.Auths() {
		t.Fatalf("%+v, %v", got, err)
	}
	s.Put(s.Home(".aws/sso/cache/kiro-auth-token.json"), authtest.Object{"accessToken": "a", "refreshToken": "r",
		"authMethod": "../../x", "clientIdHash": "../../../etc/passwd", "profileArn": "p"})
	got, err = s.Import("kiro", source.Options{})
	if err != nil || filepath.Dir(got.Destination) != s.Config.Paths.Auths() {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestTwoFilesOfOneAccountAreNotTakenForTwo(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("codex-have.json", authtest.Codex("a@x.y", "r0", time.Minute))
	s.Put("other/one.json", authtest.Codex("a@x.y", "r1", time.Hour))
	s.Put("other/two.json", authtest.Codex("a@x.y", "r2", 2*time.Hour))
	got, err := s.Import("codex", source.Options{Source: filepath.Join(s.Dir, "other"), Share: true})
	if err != nil || len(s.Accounts()) != 1 || !got.Changed || len(got.Others) != 1 || got.Others[0].Changed {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatFindsNothingMakesNoFolder(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	_, err := vault.Logout(t.Context(), s.Config, s.Env, "nobody")
	authtest.WantCode(t, err, "account-unknown")
	_, err = refresh.Accounts(t.Context(), s.Config, s.Env, "codex")
	authtest.WantCode(t, err, "account-unknown")
	if _, err := os.Stat(filepath.Join(s.Dir, ".router")); err == nil {
		t.Error("a folder was made")
	}
}

func TestAByteOrderMarkIsAcceptedFromOtherToolsAndNamedInTheFolder(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	text, err := json.Marshal(authtest.CodexCLI("a@x.y", "rt-1", time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s.Put(s.Home(".codex/auth.json"), "\xef\xbb\xbf"+string(text))
	native, err := json.Marshal(authtest.Codex("b@x.y", "rt-2", time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	file := s.Put("elsewhere/b.json", "\xef\xbb\xbf"+string(native))
	for _, from := range []string{"", file, filepath.Dir(file)} {
		got, err := s.Import("codex", source.Options{Source: from, Share: true})
		if err != nil {
			t.Fatalf("%q: %v", from, err)
		}
		if b, _ := os.ReadFile(got.Destination); len(b) == 0 || b[0] != '{' {
			t.Errorf("%q: the file begins with %q", from, b[:min(len(b), 8)])
		}
	}
	s.Credential("c.json", "\xef\xbb\xbf"+string(native))
	for _, a := range s.Accounts() {
		if bad := len(a.Problems) > 0 && strings.Contains(a.Problems[0].Message,
			"byte-order mark"); bad != (a.Account == "c") {
			t.Errorf("%s: %v", a.Account, a.Problems)
		}
	}
}
