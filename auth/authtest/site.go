// Package authtest is an installation of its own for the tests of auth and its packages,
// with a HOME in it, the files that tools keep there, a double of CLIProxyAPI (Serve) and a
// person at a terminal (Login). Its clock stands still, and its waits take a fiftieth of
// their time.
package authtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Now returns the time at which the tests happen.
func Now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// Canary is in every token of these tests, so that a leak can be looked for.
const Canary = "canary-7f3a9"

// Site is an installation of its own in a temporary folder, with a HOME in it.
type Site struct {
	T      testing.TB
	Dir    string
	Config *config.Config
	Env    auth.Environment

	mu    sync.Mutex
	waits []time.Duration
}

// NewSite makes an installation with the built-in configuration.
func NewSite(t testing.TB) *Site {
	t.Helper()
	dir := t.TempDir()
	s := &Site{T: t, Dir: dir, Config: config.Default(dir)}
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"HOME": home}
	s.Env = auth.Environment{Now: Now, GOOS: "linux", Sleep: s.sleep,
		Getenv: func(name string) string { return variables[name] }}
	return s
}

// sleep notes each wait and waits for a fiftieth of it.
func (s *Site) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	s.waits = append(s.waits, d)
	s.mu.Unlock()
	return auth.Environment{}.Wait(ctx, d/50)
}

// Waited returns the waits so far, in order.
func (s *Site) Waited() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.waits)
}

// Put writes a file, 0600; content that is not a string is written as JSON.
func (s *Site) Put(path string, content any) string {
	s.T.Helper()
	text, isText := content.(string)
	if !isText {
		b, err := json.Marshal(content)
		if err != nil {
			s.T.Fatal(err)
		}
		text = string(b)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.T.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.T.Fatal(err)
	}
	return path
}

// Credential puts a file into the folder that CLIProxyAPI loads.
func (s *Site) Credential(name string, content any) string {
	return s.Put(filepath.Join(s.Config.Paths.Auths(), name), content)
}

// Accounts returns the accounts of the installation.
func (s *Site) Accounts() []auth.Account {
	s.T.Helper()
	all, err := auth.Accounts(s.T.Context(), s.Config, s.Env)
	if err != nil {
		s.T.Fatal(err)
	}
	return all
}

// Object is a JSON object.
type Object = map[string]any

// JWT returns an unsigned token with these claims.
func JWT(claims Object) string {
	b, _ := json.Marshal(claims)
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString(b) + "." + Canary
}

// Codex returns a codex credential file whose access token expires at Now plus in.
func Codex(email, refresh string, in time.Duration) Object {
	return Object{
		"type": "codex", "email": email, "access_token": Canary + "-access", "refresh_token": refresh,
		"account_id": "acc-" + email,
		"expired":    Now().Add(in).Format(time.RFC3339), "last_refresh": Now().Add(-time.Hour).Format(time.RFC3339),
		"id_token": JWT(Object{"email": email, "https://api.openai.com/auth": Object{"chatgpt_plan_type": "plus"}}),
	}
}

// WantCode expects a fault with that code and a hint.
func WantCode(t *testing.T, err error, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Hint == "" {
		t.Errorf("not %s with a hint: %v", code, err)
	}
}

// Home returns a path in the site's home folder.
func (s *Site) Home(path ...string) string {
	return filepath.Join(append([]string{s.Dir, "home"}, path...)...)
}

// Import imports what a tool keeps.
func (s *Site) Import(provider string, o source.Options) (auth.Change, error) {
	return source.Import(s.T.Context(), s.Config, s.Env, provider, o)
}

// Read returns the JSON in a file.
func (s *Site) Read(path string) Object {
	s.T.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		s.T.Fatal(err)
	}
	var o Object
	if err := json.Unmarshal(b, &o); err != nil {
		s.T.Fatal(err)
	}
	return o
}

// CodexCLI returns what Codex keeps: an account whose access token expires at Now plus in.
func CodexCLI(email, refresh string, in time.Duration) Object {
	return Object{"OPENAI_API_KEY": nil, "last_refresh": Now().Add(-time.Hour).Format(time.RFC3339Nano), "tokens": Object{
		"id_token": JWT(Object{"email": email, "https://api.openai.com/auth": Object{"chatgpt_plan_type": "Plus",
			"chatgpt_account_id": "acc-" + email}}),
		"access_token":  JWT(Object{"exp": Now().Add(in).Unix()}),
		"refresh_token": refresh,
	}}
}

// ClaudeCode returns what Claude Code keeps.
func ClaudeCode(refresh string, expires time.Time) Object {
	return Object{"claudeAiOauth": Object{"accessToken": Canary + "-at", "refreshToken": refresh,
		"expiresAt": expires.UnixMilli(), "scopes": []string{"user:inference"}, "subscriptionType": "max"}}
}

// SignInToClaude puts what Claude Code has after a sign-in to an organisation.
func (s *Site) SignInToClaude(refresh, email, organization, account string) {
	s.Put(s.Home(".claude/.credentials.json"), ClaudeCode(refresh, Now().Add(time.Hour)))
	s.Put(s.Home(".claude.json"), Object{"oauthAccount": Object{"emailAddress": email, "organizationUuid": organization,
		"accountUuid": account, "organizationName": "Org " + organization}})
}

// Grants returns the refresh tokens in the credential folder by file name; of a file without one, the access token.
func (s *Site) Grants() map[string]string {
	all := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(s.Config.Paths.Auths(), "*.json"))
	for _, file := range files {
		c := s.Read(file)
		token, _ := c["refresh_token"].(string)
		if token == "" {
			token, _ = c["access_token"].(string)
		}
		if nested, ok := c["token"].(Object); ok {
			token, _ = nested["refresh_token"].(string)
		}
		all[filepath.Base(file)] = token
	}
	return all
}

// Trash returns the texts of all files in the trash.
func (s *Site) Trash() string {
	files, _ := filepath.Glob(filepath.Join(s.Config.Paths.Auths(), ".trash", "*"))
	var all strings.Builder
	for _, file := range files {
		b, _ := os.ReadFile(file)
		all.Write(b)
	}
	return all.String()
}
