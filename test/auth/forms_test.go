package auth_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/source"
)

func TestCodexIsImportedAsItIsSignedIn(t *testing.T) {
	t.Parallel()
	signedIn := func(mode string, more object) object {
		o := codexCLI("a@x.y", "rt", time.Hour)
		if mode != "" {
			o["auth_mode"] = mode
		}
		for key, value := range more {
			o[key] = value
		}
		return o
	}
	key := object{"OPENAI_API_KEY": "sk-" + canary}
	for name, c := range map[string]struct {
		content object
		want    string // provider of the account, or the code of the refusal
		says    string
	}{
		"apikey with old tokens":  {signedIn("apikey", key), "openai", ""},
		"no mode, both":           {signedIn("", key), "openai", ""},
		"chatgpt with an old key": {signedIn("chatgpt", key), "codex", ""},
		"chatgpt":                 {signedIn("chatgpt", nil), "codex", ""},
		"apikey without one":      {signedIn("apikey", nil), "source-invalid", ""},
		"PAT": {object{"auth_mode": "personalAccessToken", "personal_access_token": "at-" + canary},
			"source-unsupported", "personal access token"},
		"PAT, no mode": {signedIn("", object{"personal_access_token": "at-" + canary}), "source-unsupported",
			"personal access token"},
		"PAT as a key": {object{"auth_mode": "apikey", "OPENAI_API_KEY": "at-" + canary},
			"source-unsupported", "personal access token"},
		"agent identity": {object{"auth_mode": "agentIdentity", "agent_identity": canary}, "source-unsupported",
			"agent identity"},
		"agent identity, no mode": {object{"agent_identity": object{"agent_private_key": canary}}, "source-unsupported",
			"agent identity"},
		"bedrock": {object{"auth_mode": "bedrockApiKey", "bedrock_api_key": object{"api_key": canary}},
			"source-unsupported", "Bedrock"},
		"bedrock, no mode, old tokens": {signedIn("", object{"bedrock_api_key": object{"api_key": canary}}),
			"source-unsupported", "Bedrock"},
		"a mode of a later Codex": {signedIn("quantum", nil), "source-unsupported", "quantum"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.put(s.home(".codex/auth.json"), c.content)
			got, err := s.importing("codex", source.Options{Share: true})
			if !strings.Contains(c.want, "-") {
				if err != nil || got.Account.Provider != c.want {
					t.Errorf("%+v, %v", got.Account, err)
				}
				return
			}
			if wantCode(t, err, c.want); err == nil || !strings.Contains(err.Error(), c.says) ||
				strings.Contains(err.Error(), canary) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOnlyTokensOfGithubComAreCopilots(t *testing.T) {
	t.Parallel()
	token := func(user, token string) object { return object{"user": user, "oauth_token": token} }
	for name, c := range map[string]struct {
		apps, hosts object
		want        string
		code        string
	}{
		"prefix": {object{"github.company.example:Iv1.b507a08c87ecfe98": token("u", "evil"),
			"github.com": token("u", "good")}, nil, "good", ""},
		"prefix without a dot": {object{"github.comcast.example:Iv1.b507a08c87ecfe98": token("u", "evil"),
			"github.com:x": token("u", "good")}, nil, "good", ""},
		"other case":        {object{"GitHub.com:x": token("u", "good")}, nil, "good", ""},
		"only another host": {object{"acme.ghe.com": token("u", "evil")}, nil, "", "source-unsupported"},
		"another host, then the older file": {object{"acme.ghe.com": token("u", "evil")},
			object{"github.com": token("v", "good")}, "good", ""},
		"signed out, then the older file": {object{}, object{"github.com": token("v", "good")}, "good", ""},
		"a suffix":                        {object{"evil-github.com": token("u", "evil")}, nil, "", "source-unsupported"},
		"nothing":                         {object{}, nil, "", "source-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.put(s.home(".config/github-copilot/apps.json"), c.apps)
			if c.hosts != nil {
				s.put(s.home(".config/github-copilot/hosts.json"), c.hosts)
			}
			got, err := s.importing("copilot", source.Options{})
			if c.code != "" {
				wantCode(t, err, c.code)
				return
			}
			if err != nil || s.read(got.Destination)["access_token"] != c.want || len(s.grants()) != 1 {
				t.Errorf("%+v, %v, %v", got, err, s.grants())
			}
		})
	}
	s := newSite(t)
	s.put(s.home(".config/github-copilot/apps.json"), object{"github.com:a": object{"oauth_token": "t1"},
		"github.com:b": object{"oauth_token": "t2"}})
	if _, err := s.importing("copilot", source.Options{}); err != nil || len(s.grants()) != 2 {
		t.Errorf("two entries without a user: %v, %v", s.grants(), err)
	}
}

func TestWhatRenewsAKiroTokenIsCarriedOrRefused(t *testing.T) {
	t.Parallel()
	external := func(without string) object {
		o := object{
			"accessToken": "at", "refreshToken": "rt", "expiresAt": now().Add(time.Hour).Format(time.RFC3339),
			"authMethod": "external_idp", "provider": "ExternalIdp",
			"tokenEndpoint": "https://idp.example/token", "issuerUrl": "https://idp.example", "clientId": "cid",
			"scopes": []string{"a", "b"}, "loginHint": "ada", "proxyUrl": "http://evil",
		}
		delete(o, without)
		return o
	}
	s := newSite(t)
	file := s.put(s.home(".aws/sso/cache/kiro-auth-token.json"), external(""))
	got, err := s.importing("kiro", source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := s.read(got.Destination)
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
		s.put(file, external(without))
		_, err := s.importing("kiro", source.Options{})
		wantCode(t, err, "source-unsupported")
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
		"Gemini CLI with a keychain": {"gemini", ".gemini/google_accounts.json", object{"active": "g@x.y", "old": []string{}},
			"keychain"},
		"kiro-cli": {"kiro", ".local/share/kiro-cli/data.sqlite3", database, "SQLite"},
		"Copilot CLI": {"copilot", ".copilot/config.json",
			object{"logged_in_users": []object{{"host": "https://github.com", "login": "u"}}}, "Copilot CLI"},
		"Copilot CLI with tokens": {"copilot", ".copilot/config.json",
			object{"copilotTokens": object{"https://github.com:u": canary}}, "Copilot CLI"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			file := s.put(s.home(c.path), c.content)
			for _, origin := range []string{"", file} {
				_, err := s.importing(c.provider, source.Options{Source: origin, Project: "p"})
				if wantCode(t, err, "source-unsupported"); err == nil || !strings.Contains(err.Error(), c.says) ||
					!strings.Contains(err.Error(), filepath.Base(file)) && origin != "" && name != "Gemini CLI with a keychain" ||
					strings.Contains(err.Error(), canary) {
					t.Errorf("%q: %v", origin, err)
				}
			}
		})
	}
	s := newSite(t) // the way that the message of kiro-cli names
	file := s.put("kiro.json", object{
		"client_id": "c", "client_secret": "s", "access_token": "at", "refresh_token": "rt",
		"expires_at": now().Add(time.Hour).Format(time.RFC3339), "region": "us-east-1", "start_url": "https://x",
		"oauth_flow": "DeviceCode",
	})
	got, err := s.importing("kiro", source.Options{Source: file})
	if err != nil || s.read(got.Destination)["client_secret"] != "s" || s.read(got.Destination)["auth_method"] != "idc" {
		t.Errorf("%+v, %v", got, err)
	}
	s.put(s.home(".kiro/kiro-auth-token.json"), object{"accessToken": "at2", "refreshToken": "rt2", "authMethod": "social",
		"profileArn": "p"})
	if got, err := s.importing("kiro", source.Options{}); err != nil ||
		filepath.Base(filepath.Dir(got.Source)) != ".kiro" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClaudesRelativesWithoutAWrapperAreRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := s.put(s.home(".claude/.credentials.json"), object{"accessToken": "at", "refreshToken": "rt"})
	got, err := s.importing("claude", source.Options{Take: true})
	if err != nil || s.read(got.Destination)["refresh_token"] != "rt" || s.read(file)["refreshToken"] != "" {
		t.Errorf("%+v, %v", got, err)
	}
	s.put(file, object{"mcpOAuth": object{}})
	_, err = s.importing("claude", source.Options{})
	wantCode(t, err, "source-invalid")
	if b, _ := os.ReadFile(file); len(b) == 0 {
		t.Error("the source is gone")
	}
}
