package auth_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

func TestAFolderThatIsNotThereHasNoAccounts(t *testing.T) {
	t.Parallel()
	if got := authtest.NewSite(t).Accounts(); len(got) != 0 {
		t.Fatalf("accounts %v", got)
	}
}

func TestAnAccountIsShownWithItsEvidenceAndWithoutItsTokens(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := s.Credential("codex-a@x.y-plus.json", authtest.Codex("a@x.y", authtest.Canary+"-refresh", 8*time.Hour))
	a := s.Accounts()[0]
	if a.Provider != "codex" || a.Method != "management" || a.Account != "codex-a@x.y-plus" || a.Email != "a@x.y" ||
		a.Plan != "plus" || a.File != file || a.Mode != "0600" {
		t.Errorf("identity: %+v", a)
	}
	if a.State != auth.Fresh || !strings.Contains(a.Evidence, "2026-11-25T20:00:00Z") || *a.ExpiresInS != 8*3600 ||
		!a.Refreshable || len(a.Problems) > 0 {
		t.Errorf("state: %+v", a)
	}
	if a.LastRefresh == nil || !a.LastRefresh.Equal(authtest.Now().Add(-time.Hour)) || !a.ObservedAt.Equal(authtest.Now()) {
		t.Errorf("times: %+v", a)
	}
	if b, err := json.Marshal(a); err != nil || strings.Contains(string(b), authtest.Canary) {
		t.Errorf("a token is shown (%v): %s", err, b)
	}
}

func TestStatesFollowFromWhatAFileHolds(t *testing.T) {
	t.Parallel()
	past, future := authtest.Now().Add(-time.Hour), authtest.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		content any
		state   auth.State
		problem string // code of the only problem; "" for none
	}{
		"expires later": {authtest.Object{"type": "claude", "access_token": "a", "refresh_token": "r",
			"expired": future.Format(time.RFC3339)}, auth.Fresh, ""},
		"later, not renewable": {authtest.Object{"type": "claude", "access_token": "a", "expired": future.Format(time.RFC3339)},
			auth.Fresh, auth.ProblemNoRefresh},
		"expired, renewable": {authtest.Object{"type": "claude", "access_token": "a", "refresh_token": "r",
			"expired": past.Format(time.RFC3339)}, auth.Stale, ""},
		"expired, not renewable": {authtest.Object{"type": "claude", "access_token": "a", "expired": past.Format(time.RFC3339)},
			auth.Dead, auth.ProblemNoRefresh},
		"an inner token": {authtest.Object{"type": "gemini", "token": authtest.Object{"access_token": "a", "refresh_token": "r",
			"expiry": future.Format(time.RFC3339Nano)}}, auth.Fresh, ""},
		"milliseconds": {authtest.Object{"type": "qwen", "access_token": "a", "refresh_token": "r",
			"expires_at": future.UnixMilli()}, auth.Fresh, ""},
		"seconds as text": {authtest.Object{"type": "qwen", "access_token": "a", "refresh_token": "r",
			"expire": fmt.Sprint(past.Unix())}, auth.Stale, ""},
		"an empty key, then another": {authtest.Object{"type": "qwen", "access_token": "a", "refresh_token": "r", "expired": "",
			"expiry": "2026-11-25 13:00"}, auth.Fresh, ""},
		"only the JWT says": {authtest.Object{"type": "codex", "access_token": authtest.JWT(authtest.Object{"exp": past.Unix()}),
			"refresh_token": "r"}, auth.Stale, ""},
		"a time that is none": {authtest.Object{"type": "claude", "access_token": "a", "refresh_token": "r", "expired": "soon"},
			auth.Unknown, auth.ProblemTime},
		"no expiry": {authtest.Object{"type": "kimi", "access_token": "a", "refresh_token": "r"}, auth.Unknown, ""},
		"no end by design": {authtest.Object{"type": "github-copilot", "access_token": "a", "username": "u"}, auth.Lasting,
			""},
		"a service account": {authtest.Object{"type": "vertex", "service_account": authtest.Object{"private_key": "k"}}, auth.Lasting,
			""},
		"no token": {authtest.Object{"type": "codex"}, auth.Unknown, auth.ProblemNoToken},
		"refreshed in the future": {authtest.Object{"type": "claude", "access_token": "a", "refresh_token": "r",
			"expired": future.Format(time.RFC3339), "last_refresh": future.Format(time.RFC3339)}, auth.Fresh, auth.ProblemClock},
		"wrong types": {`{"type":"codex","access_token":5,"refresh_token":["x"],"expired":{},"email":true,"disabled":"yes"}`,
			auth.Unknown, ""},
		"no type": {`{"access_token":"a","expired":"2099-01-01T00:00:00Z","refresh_token":"r"}`,
			auth.Fresh, auth.ProblemNoType},
		"a foreign type": {`{"type":"acme","access_token":"a","expired":"2099-01-01T00:00:00Z","refresh_token":"r"}`,
			auth.Fresh, auth.ProblemType},
		"empty":     {"", auth.Unknown, auth.ProblemInvalid},
		"truncated": {`{"type":"codex","access_tok`, auth.Unknown, auth.ProblemInvalid},
		"binary":    {"\x00\xff\x1f\x8b", auth.Unknown, auth.ProblemInvalid},
		"a list":    {`[1]`, auth.Unknown, auth.ProblemInvalid},
		"a text":    {`"x"`, auth.Unknown, auth.ProblemInvalid},
		"too large": {strings.Repeat(" ", 1<<20) + "{}", auth.Unknown, auth.ProblemTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			s.Credential("x.json", c.content)
			a := s.Accounts()[0]
			if a.State != c.state || a.Evidence == "" {
				t.Errorf("state %s: %q", a.State, a.Evidence)
			}
			if name == "wrong types" {
				return // two problems
			}
			if c.problem == "" && len(a.Problems) > 0 || c.problem != "" &&
				(len(a.Problems) != 1 || a.Problems[0].Code != c.problem) {
				t.Errorf("problems %v", a.Problems)
			}
		})
	}
}

func TestOnlyWhatCLIProxyAPILoadsIsAnAccount(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential(".hidden.json", authtest.Codex("h@x.y", "r1", time.Hour))
	s.Credential("note.txt", "x")
	s.Credential("logs/codex.json", authtest.Codex("l@x.y", "r2", time.Hour))
	s.Credential(".codex.json123", authtest.Codex("t@x.y", "r3", time.Hour))
	if all := s.Accounts(); len(all) != 1 || all[0].Account != ".hidden" {
		t.Fatalf("%+v", all)
	}
}

func TestABrokenFileIsReportedAsAProblemAndNeverHangs(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	open := s.Credential("open.json", authtest.Codex("a@x.y", "r1", time.Hour))
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	target := s.Put("elsewhere.json", authtest.Codex("b@x.y", "r2", time.Hour))
	folder := s.Config.Paths.Auths()
	if err := os.Symlink(target, filepath.Join(folder, "link.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(folder, "dangling.json")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"open": auth.ProblemMode, "link": auth.ProblemSymlink, "dangling": auth.ProblemUnreadable,
		"pipe": auth.ProblemUnreadable}
	for _, a := range s.Accounts() {
		if len(a.Problems) != 1 || a.Problems[0].Code != want[a.Account] {
			t.Errorf("%s: %v", a.Account, a.Problems)
		}
		delete(want, a.Account)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestOneAccountInTwoFilesIsNamed(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("a.json", authtest.Codex("a@x.y", "r1", time.Hour))
	s.Credential("b.json", authtest.Codex("A@x.y", "r2", time.Hour))
	all := s.Accounts()
	if len(all[0].Problems) != 0 || len(all[1].Problems) != 1 || all[1].Problems[0].Code != auth.ProblemTwice {
		t.Fatalf("%v %v", all[0].Problems, all[1].Problems)
	}
}

func TestTheFolderIsWhereTheServerLooks(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Config.CLIProxyConfigFile = s.Put("config/cliproxyapi.yaml", "auth-dir: ~/creds\napi-keys: ["+authtest.Canary+"]\n")
	if got := auth.Folder(s.Config, s.Env); got != filepath.Join(s.Dir, "home", "creds") {
		t.Error(got)
	}
	s.Put("config/cliproxyapi.yaml", "auth-dir: [\n"+authtest.Canary)
	if got := auth.Folder(s.Config, s.Env); got != s.Config.Paths.Auths() {
		t.Error(got)
	}
}

func TestAnUnreadableFileIsNotReportedAsAMissingCredential(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return
	}
	s := authtest.NewSite(t)
	file := s.Credential("closed.json", authtest.Codex("a@x.y", "r1", time.Hour))
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	if all := s.Accounts(); len(all) != 1 || len(all[0].Problems) != 1 ||
		all[0].Problems[0].Code != auth.ProblemUnreadable {
		t.Errorf("a closed file: %+v", all)
	}
	origin := s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("b@x.y", "r2", time.Hour))
	if err := os.Chmod(origin, 0); err != nil {
		t.Fatal(err)
	}
	_, err := s.Import("codex", source.Options{})
	authtest.WantCode(t, err, "source-unreadable")
	folder := s.Config.Paths.Auths()
	if err := os.Chmod(folder, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
	_, err = auth.Accounts(t.Context(), s.Config, s.Env)
	authtest.WantCode(t, err, "auth-dir-unreadable")
}

func TestAFileInThePlaceOfTheFolderIsReported(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(".router/auths", "x")
	_, err := auth.Accounts(t.Context(), s.Config, s.Env)
	authtest.WantCode(t, err, "auth-dir-unreadable")
}

func TestSharedGrantsAreNamedAcrossFolderAndTrash(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("a.json", authtest.Codex("a@x.y", authtest.Canary+"-same", time.Hour))
	s.Credential("b.json", authtest.Codex("b@x.y", authtest.Canary+"-own", time.Hour))
	s.Credential(".trash/c.json.20260101", authtest.Codex("c@x.y", authtest.Canary+"-same", time.Hour))
	shared, err := grant.FindShared(t.Context(), s.Config, s.Env, s.Accounts())
	if err != nil || len(shared) != 1 || len(shared[0].Holders) != 2 || !shared[0].SingleUse ||
		shared[0].Provider != "codex" {
		t.Fatalf("%+v, %v", shared, err)
	}
	if h := shared[0].Holders[1]; h.Keeper != "trash" || h.Account != "c@x.y" {
		t.Errorf("%+v", h)
	}
	if b, _ := json.Marshal(shared); strings.Contains(string(b), authtest.Canary) {
		t.Errorf("a token is shown: %s", b)
	}
}

func TestProvidersComeFromTheConfigurationToo(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Config.Providers = map[string]map[string]any{
		"acme":  {"file_type": "acme-type", "device_url": "https://a/d", "token_url": "https://a/t"},
		"codex": {"method": "oauth_poll", "auth_url_endpoint": "/x"},
	}
	acme, err := provider.Find(s.Config, "acme")
	if err != nil || acme.Methods[0] != "device_code" || acme.Type() != "acme-type" || !acme.Written {
		t.Errorf("%+v, %v", acme, err)
	}
	known, err := provider.Find(s.Config, "codex")
	if err != nil || known.Methods[0] != "oauth_poll" || known.Methods[1] != "management" || !known.Settings.SingleUse {
		t.Errorf("%+v, %v", known, err)
	}
	_, err = provider.Find(s.Config, "codx")
	authtest.WantCode(t, err, "provider-unknown")
	for name, bad := range map[string]map[string]any{"acme": {"scopes": "not a list"}, "../evil": {}} {
		s.Config.Providers = map[string]map[string]any{name: bad}
		_, err = provider.All(s.Config)
		authtest.WantCode(t, err, "provider-invalid")
	}
}

// TestAThousandCredentialsAreReadAndDecodedOnce compares what auth:status allocates with what
// reading and decoding the same files allocates, which no other load on the machine changes;
// docs/benchmarks.md has the milliseconds.
func TestAThousandCredentialsAreReadAndDecodedOnce(t *testing.T) {
	s := authtest.NewSite(t) // alone: other tests' allocations would count
	writeThousand(s)
	all := testing.AllocsPerRun(2, func() { readStatus(s) })
	plain := testing.AllocsPerRun(2, func() { readPlainly(s) })
	if ratio := all / plain; ratio > 1.6 {
		t.Errorf("auth:status allocates %.1f times as often as reading and decoding alone", ratio)
	} else {
		t.Logf("%.2f", ratio)
	}
}

// readStatus does all that auth:status does.
func readStatus(s *authtest.Site) {
	view, err := status.Read(s.T.Context(), s.Config, s.Env, status.Options{})
	if err != nil || len(view.Accounts) != 1000 {
		s.T.Fatal(err)
	}
}

// readPlainly reads and decodes the same files, and nothing else.
func readPlainly(s *authtest.Site) {
	files, _ := filepath.Glob(filepath.Join(s.Config.Paths.Auths(), "*"))
	for _, file := range files {
		var v any
		if b, err := os.ReadFile(file); err != nil || json.Unmarshal(b, &v) != nil {
			s.T.Fatal(err)
		}
	}
}

func BenchmarkAThousandCredentials(b *testing.B) {
	s := authtest.NewSite(b)
	writeThousand(s)
	for name, work := range map[string]func(){"status": func() { readStatus(s) }, "encoding-json": func() { readPlainly(s) }} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				work()
			}
		})
	}
}

func writeThousand(s *authtest.Site) {
	for i := range 1000 {
		c := authtest.Codex(fmt.Sprintf("u%d@x.y", i), fmt.Sprintf("r%d", i), time.Hour)
		c["id_token"] = authtest.JWT(authtest.Object{"email": c["email"], "padding": strings.Repeat("x", 1500)})
		c["access_token"] = authtest.JWT(authtest.Object{"padding": strings.Repeat("y", 1500)})
		s.Credential(fmt.Sprintf("codex-%d.json", i), c)
	}
}

func FuzzACredentialFileIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{``, `{}`, `[]`, `{"type":"codex","expired":1e300}`,
		`{"token":{"expiry":"2026-01-01T00:00:00Z"}}`,
		`{"type":"codex","access_token":"a.e30.c","id_token":"a.bnVsbA.c"}`, `{"expires":-1,"type":"x","type":"y"}`} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	cfg := config.Default(dir)
	file := filepath.Join(cfg.Paths.Auths(), "x.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		f.Fatal(err)
	}
	env := auth.Environment{Now: authtest.Now, Getenv: func(string) string { return "" }}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := auth.Accounts(t.Context(), cfg, env)
		if err != nil || len(all) != 1 || all[0].State == "" || all[0].Evidence == "" {
			t.Fatalf("%+v, %v", all, err)
		}
		if _, err := json.Marshal(all); err != nil {
			t.Fatal(err)
		}
	})
}
