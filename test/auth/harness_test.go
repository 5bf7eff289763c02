package auth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// now is when the tests happen.
func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// canary is in every token of these tests, so that a leak can be looked for.
const canary = "canary-7f3a9"

// site is an installation of its own in a temporary folder, with a HOME in it.
type site struct {
	t   testing.TB
	dir string
	cfg *config.Config
	env auth.Environment

	mu    sync.Mutex
	waits []time.Duration
}

func newSite(t testing.TB) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{t: t, dir: dir, cfg: config.Default(dir)}
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"HOME": home}
	s.env = auth.Environment{Now: now, GOOS: "linux", Sleep: s.sleep,
		Getenv: func(name string) string { return variables[name] }}
	return s
}

// sleep notes each wait and waits for a fiftieth of it.
func (s *site) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	s.waits = append(s.waits, d)
	s.mu.Unlock()
	return auth.Environment{}.Wait(ctx, d/50)
}

// waited returns the waits so far, in order.
func (s *site) waited() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.waits)
}

// put writes a file, 0600; content that is no text is written as JSON.
func (s *site) put(path string, content any) string {
	s.t.Helper()
	text, isText := content.(string)
	if !isText {
		b, err := json.Marshal(content)
		if err != nil {
			s.t.Fatal(err)
		}
		text = string(b)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// credential puts a file into the folder that CLIProxyAPI loads.
func (s *site) credential(name string, content any) string {
	return s.put(filepath.Join(s.cfg.Paths.Auths(), name), content)
}

func (s *site) accounts() []auth.Account {
	s.t.Helper()
	all, err := auth.Accounts(s.t.Context(), s.cfg, s.env)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// object is a JSON object.
type object = map[string]any

// jwt is an unsigned token with these claims.
func jwt(claims object) string {
	b, _ := json.Marshal(claims)
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString(b) + "." + canary
}

// codex is a codex credential file that expires so long after now.
func codex(email, refresh string, in time.Duration) object {
	return object{
		"type": "codex", "email": email, "access_token": canary + "-access", "refresh_token": refresh,
		"account_id": "acc-" + email,
		"expired":    now().Add(in).Format(time.RFC3339), "last_refresh": now().Add(-time.Hour).Format(time.RFC3339),
		"id_token": jwt(object{"email": email, "https://api.openai.com/auth": object{"chatgpt_plan_type": "plus"}}),
	}
}

// wantCode expects a fault with that code and a hint.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Hint == "" {
		t.Errorf("not %s with a hint: %v", code, err)
	}
}
