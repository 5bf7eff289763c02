package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/internal/config"
)

// FuzzImport gives every importer any document: it either becomes one credential
// file inside the folder that reads back, or is refused and nothing is written.
func FuzzImport(f *testing.F) {
	tools := []struct{ provider, file string }{
		{"codex", ".codex/auth.json"}, {"claude", ".claude/.credentials.json"}, {"gemini", ".gemini/oauth_creds.json"},
		{"copilot", ".config/github-copilot/apps.json"}, {"kiro", ".aws/sso/cache/kiro-auth-token.json"},
		{"qwen", ".qwen/oauth_creds.json"},
		{"vertex", "any.json"},
	}
	for i, seed := range []string{
		`{"tokens":{"id_token":"a.eyJlbWFpbCI6Ii4uL3gifQ.c","access_token":"t","refresh_token":"r","account_id":"a"},"last_refresh":"2026-01-01T00:00:00Z"}`,
		`{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1999999999000}}`,
		`{"access_token":"a","refresh_token":"r","expiry_date":1e13,"scope":"x","id_token":"a.e30.c"}`,
		`{"github.com":{"user":"u/../v","oauth_token":"t"},"github.com:x":{"user":"","oauth_token":"t"}}`,
		`{"accessToken":"a","refreshToken":"r","authMethod":"social","expiresAt":"x","clientIdHash":"00","email":"../@"}`,
		`{"access_token":"a","refresh_token":"r","expiry_date":"1","resource_url":{}}`,
		`{"type":"vertex","service_account":{"private_key":"k"},"email":"\u0000"}`,
	} {
		for tool := range tools {
			f.Add(uint8(tool), []byte(seed))
		}
		f.Add(uint8(i), []byte(seed[:len(seed)/2]))
	}
	dir := f.TempDir()
	cfg := config.Default(dir)
	env := auth.Environment{Now: authtest.Now, GOOS: "linux",
		Getenv: func(name string) string { return map[string]string{"HOME": filepath.Join(dir, "home")}[name] }}
	f.Fuzz(func(t *testing.T, tool uint8, data []byte) {
		chosen := tools[int(tool)%len(tools)]
		for _, folder := range []string{"home", ".router"} {
			if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "home", chosen.file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		o := source.Options{Source: file, Project: "p", Share: true, DryRun: true}
		_, dry := source.Import(t.Context(), cfg, env, chosen.provider, o)
		if _, err := os.Stat(cfg.Paths.Auths()); err == nil {
			t.Error("a dry run wrote something")
		}
		if dry != nil {
			return // refused: the real one, which waits for the disk, would be too
		}
		o.DryRun = false
		change, err := source.Import(t.Context(), cfg, env, chosen.provider, o)
		written, _ := filepath.Glob(filepath.Join(cfg.Paths.Auths(), "*.json"))
		if time.Since(began) > 20*time.Second {
			t.Error("slow")
		}
		if err != nil {
			if len(written) > 0 && !strings.Contains(err.Error(), "in its place") {
				t.Errorf("refused (%v), and there is %v", err, written)
			}
			return
		}
		if change.Account == nil || filepath.Dir(change.Destination) != cfg.Paths.Auths() &&
			filepath.Dir(change.Destination) != cfg.Paths.Secrets() {
			t.Errorf("%+v", change)
		}
	})
}
