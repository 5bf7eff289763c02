package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/source"
)

func TestCodexIsImportedAsItIsSignedIn(t *testing.T) {
	t.Parallel()
	signedIn := func(mode string, more authtest.Object) authtest.Object {
		o := authtest.CodexCLI("a@x.y", "rt", time.Hour)
		if mode != "" {
			o["auth_mode"] = mode
		}
		for key, value := range more {
			o[key] = value
		}
		return o
	}
	key := authtest.Object{"OPENAI_API_KEY": "sk-" + authtest.Canary}
	for name, c := range map[string]struct {
		content authtest.Object
		want    string // provider of the account, or the code of the refusal
		says    string
	}{
		"apikey with old tokens":  {signedIn("apikey", key), "openai", ""},
		"no mode, both":           {signedIn("", key), "openai", ""},
		"chatgpt with an old key": {signedIn("chatgpt", key), "codex", ""},
		"chatgpt":                 {signedIn("chatgpt", nil), "codex", ""},
		"apikey without one":      {signedIn("apikey", nil), "source-invalid", ""},
		"PAT": {authtest.Object{"auth_mode": "personalAccessToken", "personal_access_token": "at-" + authtest.Canary},
			"source-unsupported", "personal access token"},
		"PAT, no mode": {signedIn("", authtest.Object{"personal_access_token": "at-" + authtest.Canary}), "source-unsupported",
			"personal access token"},
		"PAT as a key": {authtest.Object{"auth_mode": "apikey", "OPENAI_API_KEY": "at-" + authtest.Canary},
			"source-unsupported", "personal access token"},
		"agent identity": {authtest.Object{"auth_mode": "agentIdentity", "agent_identity": authtest.Canary}, "source-unsupported",
			"agent identity"},
		"agent identity, no mode": {authtest.Object{"agent_identity": authtest.Object{"agent_private_key": authtest.Canary}}, "source-unsupported",
			"agent identity"},
		"bedrock": {authtest.Object{"auth_mode": "bedrockApiKey", "bedrock_api_key": authtest.Object{"api_key": authtest.Canary}},
			"source-unsupported", "Bedrock"},
		"bedrock, no mode, old tokens": {signedIn("", authtest.Object{"bedrock_api_key": authtest.Object{"api_key": authtest.Canary}}),
			"source-unsupported", "Bedrock"},
		"a mode of a later Codex": {signedIn("quantum", nil), "source-unsupported", "quantum"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			s.Put(s.Home(".codex/auth.json"), c.content)
			got, err := s.Import("codex", source.Options{Share: true})
			if !strings.Contains(c.want, "-") {
				if err != nil || got.Account.Provider != c.want {
					t.Errorf("%+v, %v", got.Account, err)
				}
				return
			}
			if authtest.WantCode(t, err, c.want); err == nil || !strings.Contains(err.Error(), c.says) ||
				strings.Contains(err.Error(), authtest.Canary) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOnlyTokensOfGithubComAreCopilots(t *testing.T) {
	t.Parallel()
	token := func(user, token string) authtest.Object { return authtest.Object{"user": user, "oauth_token": token} }
	for name, c := range map[string]struct {
		apps, hosts authtest.Object
		want        string
		code        string
	}{
		"prefix": {authtest.Object{"github.company.example:Iv1.b507a08c87ecfe98": token("u", "evil"),
			"github.com": token("u", "good")}, nil, "good", ""},
		"prefix without a dot": {authtest.Object{"github.comcast.example:Iv1.b507a08c87ecfe98": token("u", "evil"),
			"github.com:x": token("u", "good")}, nil, "good", ""},
		"other case":        {authtest.Object{"GitHub.com:x": token("u", "good")}, nil, "good", ""},
		"only another host": {authtest.Object{"acme.ghe.com": token("u", "evil")}, nil, "", "source-unsupported"},
		"another host, then the older file": {authtest.Object{"acme.ghe.com": token("u", "evil")},
			authtest.Object{"github.com": token("v", "good")}, "good", ""},
		"signed out, then the older file": {authtest.Object{}, authtest.Object{"github.com": token("v", "good")}, "good", ""},
		"a suffix":                        {authtest.Object{"evil-github.com": token("u", "evil")}, nil, "", "source-unsupported"},
		"nothing":                         {authtest.Object{}, nil, "", "source-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			s.Put(s.Home(".config/github-copilot/apps.json"), c.apps)
			if c.hosts != nil {
				s.Put(s.Home(".config/github-copilot/hosts.json"), c.hosts)
			}
			got, err := s.Import("copilot", source.Options{})
			if c.code != "" {
				authtest.WantCode(t, err, c.code)
				return
			}
			if err != nil || s.Read(got.Destination)["access_token"] != c.want || len(s.Grants()) != 1 {
				t.Errorf("%+v, %v, %v", got, err, s.Grants())
			}
		})
	}
	s := authtest.NewSite(t)
	s.Put(s.Home(".config/github-copilot/apps.json"), authtest.Object{"github.com:a": authtest.Object{"oauth_token": "t1"},
		"github.com:b": authtest.Object{"oauth_token": "t2"}})
	if _, err := s.Import("copilot", source.Options{}); err != nil || len(s.Grants()) != 2 {
		t.Errorf("two entries without a user: %v, %v", s.Grants(), err)
	}
}

func TestWhatRenewsAKiroTokenIsCarriedOrRefused(t *testing.T) {
	t.Parallel()
	external := func(without string) authtest.Object {
		o := authtest.Object{
			"accessToken": "at", "refreshToken": "rt", "expiresAt": authtest.Now().Add(time.Hour).Format(time.RFC3339),
			"authMethod": "external_idp", "provider": "ExternalIdp",
			"tokenEndpoint": "https://idp.example/token", "issuerUrl": "https://idp.example", "clientId": "cid",
			"scopes": []string{"a", "b"}, "loginHint": "ada", "proxyUrl": "http://evil",
		}
		delete(o, without)
		return o
	}
	s := authtest.NewSite(t)
	file := s.Put(s.Home(".aws/sso/cache/kiro-auth-token.json"), external(""))
	got, err := s.Import("kiro", source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Read(got.Destination)
	for key, want := range map[string]string{"token_endpoint": "https://idp.example/token",
		"issuer_url": "https://idp.example", "client_id": "cid", "scopes": "[a b]", "login_hint": "ada"} {
		if fmt.Sprint(c[key]) != want {
			t.Errorf("%s is %v", key, c[key])
		}
	}
	if said := fmt.Sprint(got.Warnings); c["proxy_url"] != nil || !strings.Contains(said, "loginHint") ||
		!strings.Contains(said, "proxyUrl") {
		t.Errorf("%v, %s", c, said)
	}
	for _, without := range []string{"tokenEndpoint", "clientId"} {
		s.Put(file, external(without))
		_, err := s.Import("kiro", source.Options{})
		authtest.WantCode(t, err, "source-unsupported")
	}
}

// TestSignInsThatFlowGateCannotReadAreNamed: a tool that is signed in is not told
// to sign in.
func TestSignInsThatFlowGateCannotReadAreNamed(t *testing.T) {
	t.Parallel()
	database := "SQLite format 3\x00" + strings.Repeat("x", 3<<20)
	for name, c := range map[string]struct {
		provider, path string
		content        any
		says           string
	}{
		"Gemini CLI with a keychain": {"gemini", ".gemini/google_accounts.json", authtest.Object{"active": "g@x.y", "old": []string{}},
			"keychain"},
		"kiro-cli": {"kiro", ".local/share/kiro-cli/data.sqlite3", database, "SQLite"},
		"Copilot CLI": {"copilot", ".copilot/config.json",
			authtest.Object{"logged_in_users": []authtest.Object{{"host": "https://github.com", "login": "u"}}}, "Copilot CLI"},
		"Copilot CLI with tokens": {"copilot", ".copilot/config.json",
			authtest.Object{"copilotTokens": authtest.Object{"https://github.com:u": authtest.Canary}}, "Copilot CLI"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			file := s.Put(s.Home(c.path), c.content)
			for _, origin := range []string{"", file} {
				_, err := s.Import(c.provider, source.Options{Source: origin, Project: "p"})
				if authtest.WantCode(t, err, "source-unsupported"); err == nil || !strings.Contains(err.Error(), c.says) ||
					!strings.Contains(err.Error(), filepath.Base(file)) && origin != "" && name != "Gemini CLI with a keychain" ||
					strings.Contains(err.Error(), authtest.Canary) {
					t.Errorf("%q: %v", origin, err)
				}
			}
		})
	}
	s := authtest.NewSite(t) // the way that the message of kiro-cli names
	file := s.Put("kiro.json", authtest.Object{
		"client_id": "c", "client_secret": "s", "access_token": "at", "refresh_token": "rt",
		"expires_at": authtest.Now().Add(time.Hour).Format(time.RFC3339), "region": "us-east-1", "start_url": "https://x",
		"oauth_flow": "DeviceCode",
	})
	got, err := s.Import("kiro", source.Options{Source: file})
	if err != nil || s.Read(got.Destination)["client_secret"] != "s" || s.Read(got.Destination)["auth_method"] != "idc" {
		t.Errorf("%+v, %v", got, err)
	}
	s.Put(s.Home(".kiro/kiro-auth-token.json"), authtest.Object{"accessToken": "at2", "refreshToken": "rt2", "authMethod": "social",
		"profileArn": "p"})
	if got, err := s.Import("kiro", source.Options{}); err != nil ||
		filepath.Base(filepath.Dir(got.Source)) != ".kiro" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClaudesRelativesWithoutAWrapperAreRead(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := s.Put(s.Home(".claude/.credentials.json"), authtest.Object{"accessToken": "at", "refreshToken": "rt"})
	got, err := s.Import("claude", source.Options{Take: true})
	if err != nil || s.Read(got.Destination)["refresh_token"] != "rt" || s.Read(file)["refreshToken"] != "" {
		t.Errorf("%+v, %v", got, err)
	}
	s.Put(file, authtest.Object{"mcpOAuth": authtest.Object{}})
	_, err = s.Import("claude", source.Options{})
	authtest.WantCode(t, err, "source-invalid")
	if b, _ := os.ReadFile(file); len(b) == 0 {
		t.Error("the source is gone")
	}
}
