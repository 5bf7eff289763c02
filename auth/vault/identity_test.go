package vault_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
)

func hash8(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

func TestTwoOrganisationsWithOneEMailAreTwoAccounts(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	for _, organization := range []string{"org-team", "org-enterprise"} {
		s.SignInToClaude("rt-"+organization, "ada@corp.example", organization, "acct-1")
		got, err := s.Import("claude", source.Options{Share: true})
		if err != nil || got.Account.Organization != "Org "+organization {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	want := map[string]string{
		"claude-" + hash8("org-team") + "-ada@corp.example.json":       "rt-org-team",
		"claude-" + hash8("org-enterprise") + "-ada@corp.example.json": "rt-org-enterprise",
	}
	if got := s.Grants(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, not %v", got, want)
	}
	for _, a := range s.Accounts() {
		if len(a.Problems) > 0 {
			t.Errorf("%s: %v", a.Account, a.Problems)
		}
	}
	s.SignInToClaude("rt-renewed", "ada@corp.example", "org-team", "acct-1")
	if _, err := s.Import("claude", source.Options{Share: true, Force: true}); err != nil {
		t.Fatal(err)
	}
	want["claude-"+hash8("org-team")+"-ada@corp.example.json"] = "rt-renewed"
	if got := s.Grants(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("renewed: %v, not %v", got, want)
	}
	if !strings.Contains(s.Trash(), "rt-org-team") || strings.Contains(s.Trash(), "rt-org-enterprise") {
		t.Errorf("the trash has %s", s.Trash())
	}
}

// TestNoImportDestroysAnAccount: of each pair both sign-ins are there afterwards,
// in the folder.
func TestNoImportDestroysAnAccount(t *testing.T) {
	t.Parallel()
	later := authtest.Now().Add(6 * time.Hour)
	claude := func(organization, account, email string) func(s *authtest.Site, refresh string) {
		return func(s *authtest.Site, refresh string) { s.SignInToClaude(refresh, email, organization, account) }
	}
	file := func(path string, content func(refresh string) authtest.Object) func(s *authtest.Site, refresh string) {
		return func(s *authtest.Site, refresh string) { s.Put(s.Home(path), content(refresh)) }
	}
	kiro := func(more authtest.Object) func(s *authtest.Site, refresh string) {
		return file(".aws/sso/cache/kiro-auth-token.json", func(refresh string) authtest.Object {
			o := authtest.Object{"accessToken": "at-" + refresh, "refreshToken": refresh, "expiresAt": later.Format(time.RFC3339),
				"provider": "x"}
			for key, value := range more {
				o[key] = value
			}
			return o
		})
	}
	qwen := file(".qwen/oauth_creds.json", func(refresh string) authtest.Object {
		return authtest.Object{"access_token": "at", "refresh_token": refresh, "expiry_date": later.UnixMilli()}
	})
	gemini := file(".gemini/oauth_creds.json", func(refresh string) authtest.Object {
		return authtest.Object{"access_token": "at", "refresh_token": refresh, "expiry_date": later.UnixMilli(),
			"id_token": authtest.JWT(authtest.Object{"email": "g@x.y"})}
	})
	shared := "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
	for name, c := range map[string]struct {
		provider      string
		first, second func(s *authtest.Site, refresh string)
	}{
		"Claude, another account of an organisation": {"claude", claude("o", "a1", "x@y.z"), claude("o", "a2", "x@y.z")},
		"Claude, organisation known of one":          {"claude", claude("", "a1", "x@y.z"), claude("o", "a1", "x@y.z")},
		"Claude, organisation known of the other":    {"claude", claude("o", "a1", "x@y.z"), claude("", "a1", "x@y.z")},
		"Claude, only the e-mail":                    {"claude", claude("", "", "x@y.z"), claude("", "", "x@y.z")},
		"Claude, nothing":                            {"claude", claude("", "", ""), claude("", "", "")},
		"Kiro, social": {"kiro", kiro(authtest.Object{"authMethod": "social", "profileArn": shared}),
			kiro(authtest.Object{"authMethod": "social", "profileArn": shared})},
		"Kiro, two registrations": {"kiro", kiro(authtest.Object{"authMethod": "IdC", "clientIdHash": "aa"}),
			kiro(authtest.Object{"authMethod": "IdC", "clientIdHash": "bb"})},
		"Kiro, Builder ID and an organisation": {"kiro", kiro(authtest.Object{"authMethod": "IdC", "provider": "BuilderId"}),
			kiro(authtest.Object{"authMethod": "IdC", "provider": "Enterprise", "startUrl": "https://o.awsapps.com/start"})},
		"Kiro, one registration, two profiles": {"kiro", kiro(authtest.Object{"authMethod": "IdC", "clientIdHash": "aa",
			"profileArn": "arn:aws:x:1:1:profile/A"}), kiro(authtest.Object{"authMethod": "IdC", "clientIdHash": "aa",
			"profileArn": "arn:aws:x:1:1:profile/B"})},
		"Kiro, users of one identity provider": {"kiro", kiro(authtest.Object{"authMethod": "external_idp",
			"tokenEndpoint": "https://i/t", "clientId": "c", "profileArn": "arn:aws:x:1:1:profile/A"}),
			kiro(authtest.Object{"authMethod": "external_idp", "tokenEndpoint": "https://i/t", "clientId": "c",
				"profileArn": "arn:aws:x:1:1:profile/A"})},
		"Qwen":               {"qwen", qwen, qwen},
		"Gemini, one e-mail": {"gemini", gemini, gemini},
		"Copilot without users": {"copilot", file(".config/github-copilot/apps.json",
			func(token string) authtest.Object {
				return authtest.Object{"github.com:a": authtest.Object{"oauth_token": token}}
			}),
			file(".config/github-copilot/apps.json",
				func(token string) authtest.Object {
					return authtest.Object{"github.com:a": authtest.Object{"oauth_token": token}}
				})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			for i, sign := range []func(*authtest.Site, string){c.first, c.second} {
				sign(s, fmt.Sprintf("rt-%d", i+1))
				got, err := s.Import(c.provider, source.Options{Share: true, Project: "p"})
				if err != nil || !got.Changed {
					t.Fatalf("import %d: %+v, %v", i+1, got, err)
				}
			}
			grants := s.Grants()
			if values := fmt.Sprint(grants); len(grants) != 2 || !strings.Contains(values, "rt-1") ||
				!strings.Contains(values, "rt-2") {
				t.Errorf("%v", grants)
			}
			again, err := s.Import(c.provider, source.Options{Share: true, Project: "p"})
			if err != nil || again.Changed || len(s.Grants()) != 2 {
				t.Errorf("the same again: %+v, %v", again, err)
			}
		})
	}
}

func TestARenewedSignInOfAnAccountReplacesItsOwnFileAndTheOldIsInTheTrash(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		provider, path string
		content        func(refresh string, in time.Duration) authtest.Object
	}{
		"Codex": {"codex", ".codex/auth.json", func(r string, in time.Duration) authtest.Object { return authtest.CodexCLI("a@x.y", r, in) }},
		"Kiro, one registration": {"kiro", ".aws/sso/cache/kiro-auth-token.json", func(r string, in time.Duration) authtest.Object {
			return authtest.Object{"accessToken": "a", "refreshToken": r, "expiresAt": authtest.Now().Add(in).Format(time.RFC3339),
				"authMethod": "IdC", "clientIdHash": "aa", "provider": "Enterprise"}
		}},
		"Copilot, one user": {"copilot", ".config/github-copilot/apps.json", func(r string, _ time.Duration) authtest.Object {
			return authtest.Object{"github.com:a": authtest.Object{"oauth_token": r, "user": "octocat"}}
		}},
		"Qwen with a subject": {"qwen", ".qwen/oauth_creds.json", func(r string, in time.Duration) authtest.Object {
			return authtest.Object{"access_token": authtest.JWT(authtest.Object{"sub": "u1"}), "refresh_token": r, "expiry_date": authtest.Now().Add(in).UnixMilli()}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			for i, r := range []string{"rt-old", "rt-new"} {
				s.Put(s.Home(c.path), c.content(r, time.Duration(i+1)*time.Hour))
				if got, err := s.Import(c.provider, source.Options{Share: true}); err != nil || !got.Changed {
					t.Fatalf("%+v, %v", got, err)
				}
			}
			if g := s.Grants(); len(g) != 1 || !strings.Contains(fmt.Sprint(g), "rt-new") ||
				!strings.Contains(s.Trash(), "rt-old") {
				t.Errorf("%v; trash %s", g, s.Trash())
			}
		})
	}
}

// TestAFileThatTheServerMadeIsOfItsOrganisation: CLIProxyAPI 7 names files by the
// organisation's hash, FlowGate goes by what is in them.
func TestAFileThatTheServerMadeIsOfItsOrganisation(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	enterprise := "claude-" + hash8("org-e") + "-ada@x.y.json"
	s.Credential(enterprise, authtest.Object{"type": "claude", "email": "ada@x.y", "access_token": "a", "refresh_token": "rt-e",
		"organization_uuid": "org-e", "account_uuid": "acct"})
	s.SignInToClaude("rt-t", "ada@x.y", "org-t", "acct")
	got, err := s.Import("claude", source.Options{Share: true})
	if err != nil || s.Read(got.Destination)["organization_uuid"] != "org-t" || s.Grants()[enterprise] != "rt-e" {
		t.Errorf("%+v, %v, %v", got, err, s.Grants())
	}
	_, err = s.Import("claude", source.Options{Share: true, Dest: filepath.Join(s.Config.Paths.Auths(), enterprise)})
	authtest.WantCode(t, err, "destination-taken")
}

// TestAnAccountFileOfAnotherSignInIsNotUsed: .claude.json may be older than the credential.
func TestAnAccountFileOfAnotherSignInIsNotUsed(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.SignInToClaude("rt", "old@x.y", "org-old", "acct")
	c := authtest.ClaudeCode("rt", authtest.Now().Add(time.Hour))
	c["organizationUuid"] = "org-new"
	s.Put(s.Home(".claude/.credentials.json"), c)
	got, err := s.Import("claude", source.Options{Share: true})
	if err != nil || got.Account.Email != "" || s.Read(got.Destination)["organization_uuid"] != "org-new" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnImportWhoseProofFailsLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Models: map[string]int{"codex-d6ef02da-a@x.y-plus.json": 0}}
	s.Serve(double)
	old := s.Credential("codex-d6ef02da-a@x.y-plus.json", authtest.Codex("a@x.y", "rt-old", time.Minute))
	before, _ := os.ReadFile(old)
	origin := s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "rt-new", time.Hour))
	_, err := s.Import("codex", source.Options{Take: true})
	authtest.WantCode(t, err, "proof-failed")
	if after, _ := os.ReadFile(old); string(after) != string(before) {
		t.Errorf("the file has %s", after)
	}
	if tokens := s.Read(origin)["tokens"].(authtest.Object); tokens["refresh_token"] != "rt-new" {
		t.Error("the source lost its refresh token")
	}
	if left, _ := filepath.Glob(origin + ".flowgate-*"); len(left) > 0 || s.Trash() != "" {
		t.Errorf("left: %v, %s", left, s.Trash())
	}
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	_, err = s.Import("codex", source.Options{Share: true})
	if authtest.WantCode(t, err, "proof-failed"); len(s.Grants()) > 0 {
		t.Errorf("left: %v", s.Grants())
	}
}

func TestAnUndoThatFailsItsProofIsUndone(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("codex-a.json", authtest.Codex("a@x.y", "rt", time.Hour))
	if _, err := vault.Logout(t.Context(), s.Config, s.Env, "codex-a"); err != nil {
		t.Fatal(err)
	}
	s.Serve(&cliproxytest.Server{Seven: true, Models: map[string]int{"codex-a.json": 0}})
	_, err := vault.Restore(t.Context(), s.Config, s.Env, "codex-a")
	if authtest.WantCode(t, err, "proof-failed"); len(s.Grants()) != 0 || !strings.Contains(s.Trash(), `"rt"`) {
		t.Errorf("%v; trash %s", s.Grants(), s.Trash())
	}
}

func TestOneOddFileDoesNotStopAFolder(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	dir := filepath.Join(s.Dir, "other")
	s.Put("other/codex-a.json", authtest.Codex("a@x.y", "r1", time.Hour))
	s.Put("other/codex-z.json", authtest.Codex("z@x.y", "r2", time.Hour))
	odd := map[string]any{
		"settings.json": authtest.Object{"theme": "dark"}, "half.json": "", "cut.json": `{"type":"codex","acc`, "list.json": "[]",
		"typed.json":  authtest.Object{"type": "codex"},
		"ending.json": authtest.Object{"type": "codex", "access_token": "a", "email": "e@x.y"},
		"deep.json":   strings.Repeat("[", 1<<20),
	}
	for name, content := range odd {
		s.Put("other/"+name, content)
	}
	if err := os.Symlink(filepath.Join(dir, "codex-a.json"), filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Import("all", source.Options{Source: dir, Share: true})
	if err != nil || !got.Changed || len(got.Others) != 1 || len(s.Grants()) != 2 {
		t.Fatalf("%+v, %v, %v", got, err, s.Grants())
	}
	said := fmt.Sprint(got.Warnings, got.Others[0].Warnings)
	for name := range odd {
		if !strings.Contains(said, name) {
			t.Errorf("%s is not named: %s", name, said)
		}
		_, err := s.Import("codex", source.Options{Source: filepath.Join(dir, name), Share: true})
		if err == nil {
			t.Errorf("%s was taken when it was named", name)
		}
	}
}

// TestTakingAFolderLeavesExcludedFilesAlone: the source of a draft that another one of
// the same account outdates keeps its token.
func TestTakingAFolderLeavesExcludedFilesAlone(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	one := s.Put("other/one.json", authtest.Codex("a@x.y", "r1", time.Hour))
	two := s.Put("other/two.json", authtest.Codex("a@x.y", "r2", 2*time.Hour))
	if _, err := s.Import("all", source.Options{Source: filepath.Join(s.Dir, "other"), Take: true}); err != nil {
		t.Fatal(err)
	}
	if s.Read(one)["refresh_token"] != "r1" || s.Read(two)["refresh_token"] != "" ||
		!strings.Contains(fmt.Sprint(s.Grants()), "r2") {
		t.Errorf("%v, %v, %v", s.Read(one)["refresh_token"], s.Read(two)["refresh_token"], s.Grants())
	}
}

func TestAFileOfBracketsIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	for name, text := range map[string]string{
		"lists": strings.Repeat("[", 1<<20-1), "objects": strings.Repeat(`{"a":`, 200000),
		"inside": `{"type":"codex","access_token":"a","x":` + strings.Repeat("[", 400000) + strings.Repeat("]",
			400000) + "}",
	} {
		file := s.Put("deep.json", text)
		for _, provider := range []string{"codex", "all", "claude", "kiro", "copilot"} {
			began := time.Now()
			_, err := s.Import(provider, source.Options{Source: file})
			if authtest.WantCode(t, err, "source-invalid"); time.Since(began) > 20*time.Second {
				t.Errorf("%s, %s: %v", name, provider, time.Since(began))
			}
		}
		s.Credential("deep.json", text)
		began := time.Now()
		if a := s.Accounts(); len(a) != 1 || len(a[0].Problems) == 0 || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %v after %v", name, a, time.Since(began))
		}
	}
}
