package auth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
)

// signedIn is what Claude Code has after a sign-in to an organisation.
func (s *site) signedIn(refresh, email, organization, account string) {
	s.put(s.home(".claude/.credentials.json"), claudeCode(refresh, now().Add(time.Hour)))
	s.put(s.home(".claude.json"), object{"oauthAccount": object{"emailAddress": email, "organizationUuid": organization,
		"accountUuid": account, "organizationName": "Org " + organization}})
}

// grants are the refresh tokens in the credential folder, by file.
func (s *site) grants() map[string]string {
	all := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(s.cfg.Paths.Auths(), "*.json"))
	for _, file := range files {
		c := s.read(file)
		token, _ := c["refresh_token"].(string)
		if token == "" {
			token, _ = c["access_token"].(string)
		}
		if nested, ok := c["token"].(object); ok {
			token, _ = nested["refresh_token"].(string)
		}
		all[filepath.Base(file)] = token
	}
	return all
}

// trash are the texts of all files in the trash.
func (s *site) trash() string {
	files, _ := filepath.Glob(filepath.Join(s.cfg.Paths.Auths(), ".trash", "*"))
	var all strings.Builder
	for _, file := range files {
		b, _ := os.ReadFile(file)
		all.Write(b)
	}
	return all.String()
}

func hash8(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

func TestTwoOrganisationsWithOneEMailAreTwoAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, organization := range []string{"org-team", "org-enterprise"} {
		s.signedIn("rt-"+organization, "ada@corp.example", organization, "acct-1")
		got, err := s.importing("claude", source.Options{Share: true})
		if err != nil || got.Account.Team != "Org "+organization {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	want := map[string]string{
		"claude-" + hash8("org-team") + "-ada@corp.example.json":       "rt-org-team",
		"claude-" + hash8("org-enterprise") + "-ada@corp.example.json": "rt-org-enterprise",
	}
	if got := s.grants(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, not %v", got, want)
	}
	for _, a := range s.accounts() {
		if len(a.Problems) > 0 {
			t.Errorf("%s: %v", a.Account, a.Problems)
		}
	}
	s.signedIn("rt-renewed", "ada@corp.example", "org-team", "acct-1")
	if _, err := s.importing("claude", source.Options{Share: true, Force: true}); err != nil {
		t.Fatal(err)
	}
	want["claude-"+hash8("org-team")+"-ada@corp.example.json"] = "rt-renewed"
	if got := s.grants(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("renewed: %v, not %v", got, want)
	}
	if !strings.Contains(s.trash(), "rt-org-team") || strings.Contains(s.trash(), "rt-org-enterprise") {
		t.Errorf("the trash has %s", s.trash())
	}
}

// TestNoImportDestroysAnAccount: of each pair both sign-ins are there afterwards,
// in the folder.
func TestNoImportDestroysAnAccount(t *testing.T) {
	t.Parallel()
	later := now().Add(6 * time.Hour)
	claude := func(organization, account, email string) func(s *site, refresh string) {
		return func(s *site, refresh string) { s.signedIn(refresh, email, organization, account) }
	}
	file := func(path string, content func(refresh string) object) func(s *site, refresh string) {
		return func(s *site, refresh string) { s.put(s.home(path), content(refresh)) }
	}
	kiro := func(more object) func(s *site, refresh string) {
		return file(".aws/sso/cache/kiro-auth-token.json", func(refresh string) object {
			o := object{"accessToken": "at-" + refresh, "refreshToken": refresh, "expiresAt": later.Format(time.RFC3339),
				"provider": "x"}
			for key, value := range more {
				o[key] = value
			}
			return o
		})
	}
	qwen := file(".qwen/oauth_creds.json", func(refresh string) object {
		return object{"access_token": "at", "refresh_token": refresh, "expiry_date": later.UnixMilli()}
	})
	gemini := file(".gemini/oauth_creds.json", func(refresh string) object {
		return object{"access_token": "at", "refresh_token": refresh, "expiry_date": later.UnixMilli(),
			"id_token": jwt(object{"email": "g@x.y"})}
	})
	shared := "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
	for name, c := range map[string]struct {
		provider      string
		first, second func(s *site, refresh string)
	}{
		"Claude, another account of an organisation": {"claude", claude("o", "a1", "x@y.z"), claude("o", "a2", "x@y.z")},
		"Claude, organisation known of one":          {"claude", claude("", "a1", "x@y.z"), claude("o", "a1", "x@y.z")},
		"Claude, organisation known of the other":    {"claude", claude("o", "a1", "x@y.z"), claude("", "a1", "x@y.z")},
		"Claude, only the e-mail":                    {"claude", claude("", "", "x@y.z"), claude("", "", "x@y.z")},
		"Claude, nothing":                            {"claude", claude("", "", ""), claude("", "", "")},
		"Kiro, social": {"kiro", kiro(object{"authMethod": "social", "profileArn": shared}),
			kiro(object{"authMethod": "social", "profileArn": shared})},
		"Kiro, two registrations": {"kiro", kiro(object{"authMethod": "IdC", "clientIdHash": "aa"}),
			kiro(object{"authMethod": "IdC", "clientIdHash": "bb"})},
		"Kiro, Builder ID and an organisation": {"kiro", kiro(object{"authMethod": "IdC", "provider": "BuilderId"}),
			kiro(object{"authMethod": "IdC", "provider": "Enterprise", "startUrl": "https://o.awsapps.com/start"})},
		"Kiro, one registration, two profiles": {"kiro", kiro(object{"authMethod": "IdC", "clientIdHash": "aa",
			"profileArn": "arn:aws:x:1:1:profile/A"}), kiro(object{"authMethod": "IdC", "clientIdHash": "aa",
			"profileArn": "arn:aws:x:1:1:profile/B"})},
		"Kiro, users of one identity provider": {"kiro", kiro(object{"authMethod": "external_idp",
			"tokenEndpoint": "https://i/t", "clientId": "c", "profileArn": "arn:aws:x:1:1:profile/A"}),
			kiro(object{"authMethod": "external_idp", "tokenEndpoint": "https://i/t", "clientId": "c",
				"profileArn": "arn:aws:x:1:1:profile/A"})},
		"Qwen":               {"qwen", qwen, qwen},
		"Gemini, one e-mail": {"gemini", gemini, gemini},
		"Copilot without users": {"copilot", file(".config/github-copilot/apps.json",
			func(token string) object { return object{"github.com:a": object{"oauth_token": token}} }),
			file(".config/github-copilot/apps.json",
				func(token string) object { return object{"github.com:a": object{"oauth_token": token}} })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for i, sign := range []func(*site, string){c.first, c.second} {
				sign(s, fmt.Sprintf("rt-%d", i+1))
				got, err := s.importing(c.provider, source.Options{Share: true, Project: "p"})
				if err != nil || !got.Changed {
					t.Fatalf("import %d: %+v, %v", i+1, got, err)
				}
			}
			grants := s.grants()
			if values := fmt.Sprint(grants); len(grants) != 2 || !strings.Contains(values, "rt-1") ||
				!strings.Contains(values, "rt-2") {
				t.Errorf("%v", grants)
			}
			again, err := s.importing(c.provider, source.Options{Share: true, Project: "p"})
			if err != nil || again.Changed || len(s.grants()) != 2 {
				t.Errorf("the same again: %+v, %v", again, err)
			}
		})
	}
}

func TestARenewedSignInOfAnAccountReplacesItsOwnFileAndTheOldIsInTheTrash(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		provider, path string
		content        func(refresh string, in time.Duration) object
	}{
		"Codex": {"codex", ".codex/auth.json", func(r string, in time.Duration) object { return codexCLI("a@x.y", r, in) }},
		"Kiro, one registration": {"kiro", ".aws/sso/cache/kiro-auth-token.json", func(r string, in time.Duration) object {
			return object{"accessToken": "a", "refreshToken": r, "expiresAt": now().Add(in).Format(time.RFC3339),
				"authMethod": "IdC", "clientIdHash": "aa", "provider": "Enterprise"}
		}},
		"Copilot, one user": {"copilot", ".config/github-copilot/apps.json", func(r string, _ time.Duration) object {
			return object{"github.com:a": object{"oauth_token": r, "user": "octocat"}}
		}},
		"Qwen with a subject": {"qwen", ".qwen/oauth_creds.json", func(r string, in time.Duration) object {
			return object{"access_token": jwt(object{"sub": "u1"}), "refresh_token": r, "expiry_date": now().Add(in).UnixMilli()}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for i, r := range []string{"rt-old", "rt-new"} {
				s.put(s.home(c.path), c.content(r, time.Duration(i+1)*time.Hour))
				if got, err := s.importing(c.provider, source.Options{Share: true}); err != nil || !got.Changed {
					t.Fatalf("%+v, %v", got, err)
				}
			}
			if g := s.grants(); len(g) != 1 || !strings.Contains(fmt.Sprint(g), "rt-new") ||
				!strings.Contains(s.trash(), "rt-old") {
				t.Errorf("%v; trash %s", g, s.trash())
			}
		})
	}
}

// TestAFileThatTheServerMadeIsOfItsOrganisation: CLIProxyAPI 7 names files by the
// organisation's hash, FlowGate goes by what is in them.
func TestAFileThatTheServerMadeIsOfItsOrganisation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	enterprise := "claude-" + hash8("org-e") + "-ada@x.y.json"
	s.credential(enterprise, object{"type": "claude", "email": "ada@x.y", "access_token": "a", "refresh_token": "rt-e",
		"organization_uuid": "org-e", "account_uuid": "acct"})
	s.signedIn("rt-t", "ada@x.y", "org-t", "acct")
	got, err := s.importing("claude", source.Options{Share: true})
	if err != nil || s.read(got.Destination)["organization_uuid"] != "org-t" || s.grants()[enterprise] != "rt-e" {
		t.Errorf("%+v, %v, %v", got, err, s.grants())
	}
	_, err = s.importing("claude", source.Options{Share: true, Dest: filepath.Join(s.cfg.Paths.Auths(), enterprise)})
	wantCode(t, err, "destination-taken")
}

// TestAStateOfAnotherSignInNamesNobody: .claude.json may be older than the credential.
func TestAStateOfAnotherSignInNamesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signedIn("rt", "old@x.y", "org-old", "acct")
	c := claudeCode("rt", now().Add(time.Hour))
	c["organizationUuid"] = "org-new"
	s.put(s.home(".claude/.credentials.json"), c)
	got, err := s.importing("claude", source.Options{Share: true})
	if err != nil || got.Account.Email != "" || s.read(got.Destination)["organization_uuid"] != "org-new" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnImportWhoseProofFailsLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Models: map[string]int{"codex-d6ef02da-a@x.y-plus.json": 0}}
	s.serve(double)
	old := s.credential("codex-d6ef02da-a@x.y-plus.json", codex("a@x.y", "rt-old", time.Minute))
	before, _ := os.ReadFile(old)
	origin := s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "rt-new", time.Hour))
	_, err := s.importing("codex", source.Options{Take: true})
	wantCode(t, err, "proof-failed")
	if after, _ := os.ReadFile(old); string(after) != string(before) {
		t.Errorf("the file has %s", after)
	}
	if tokens := s.read(origin)["tokens"].(object); tokens["refresh_token"] != "rt-new" {
		t.Error("the source lost its refresh token")
	}
	if left, _ := filepath.Glob(origin + ".flowgate-*"); len(left) > 0 || s.trash() != "" {
		t.Errorf("left: %v, %s", left, s.trash())
	}
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	_, err = s.importing("codex", source.Options{Share: true})
	if wantCode(t, err, "proof-failed"); len(s.grants()) > 0 {
		t.Errorf("left: %v", s.grants())
	}
}

func TestAnUndoThatFailsItsProofIsUndone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.credential("codex-a.json", codex("a@x.y", "rt", time.Hour))
	if _, err := vault.Logout(t.Context(), s.cfg, s.env, "codex-a"); err != nil {
		t.Fatal(err)
	}
	s.serve(&cliproxytest.Server{Seven: true, Models: map[string]int{"codex-a.json": 0}})
	_, err := vault.Restore(t.Context(), s.cfg, s.env, "codex-a")
	if wantCode(t, err, "proof-failed"); len(s.grants()) != 0 || !strings.Contains(s.trash(), `"rt"`) {
		t.Errorf("%v; trash %s", s.grants(), s.trash())
	}
}

func TestOneOddFileDoesNotStopAFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := filepath.Join(s.dir, "other")
	s.put("other/codex-a.json", codex("a@x.y", "r1", time.Hour))
	s.put("other/codex-z.json", codex("z@x.y", "r2", time.Hour))
	odd := map[string]any{
		"settings.json": object{"theme": "dark"}, "half.json": "", "cut.json": `{"type":"codex","acc`, "list.json": "[]",
		"typed.json":  object{"type": "codex"},
		"ending.json": object{"type": "codex", "access_token": "a", "email": "e@x.y"},
		"deep.json":   strings.Repeat("[", 1<<20),
	}
	for name, content := range odd {
		s.put("other/"+name, content)
	}
	if err := os.Symlink(filepath.Join(dir, "codex-a.json"), filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	got, err := s.importing("all", source.Options{Source: dir, Share: true})
	if err != nil || !got.Changed || len(got.Others) != 1 || len(s.grants()) != 2 {
		t.Fatalf("%+v, %v, %v", got, err, s.grants())
	}
	said := fmt.Sprint(got.Warnings, got.Others[0].Warnings)
	for name := range odd {
		if !strings.Contains(said, name) {
			t.Errorf("%s is not named: %s", name, said)
		}
		_, err := s.importing("codex", source.Options{Source: filepath.Join(dir, name), Share: true})
		if err == nil {
			t.Errorf("%s was taken when it was named", name)
		}
	}
}

// TestTakeNeverTakesFromWhatWasLeftOut: the source of a draft that another one of
// the same account outdates keeps its token.
func TestTakeNeverTakesFromWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one := s.put("other/one.json", codex("a@x.y", "r1", time.Hour))
	two := s.put("other/two.json", codex("a@x.y", "r2", 2*time.Hour))
	if _, err := s.importing("all", source.Options{Source: filepath.Join(s.dir, "other"), Take: true}); err != nil {
		t.Fatal(err)
	}
	if s.read(one)["refresh_token"] != "r1" || s.read(two)["refresh_token"] != "" ||
		!strings.Contains(fmt.Sprint(s.grants()), "r2") {
		t.Errorf("%v, %v, %v", s.read(one)["refresh_token"], s.read(two)["refresh_token"], s.grants())
	}
}

func TestAFileOfBracketsIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, text := range map[string]string{
		"lists": strings.Repeat("[", 1<<20-1), "objects": strings.Repeat(`{"a":`, 200000),
		"inside": `{"type":"codex","access_token":"a","x":` + strings.Repeat("[", 400000) + strings.Repeat("]",
			400000) + "}",
	} {
		file := s.put("deep.json", text)
		for _, provider := range []string{"codex", "all", "claude", "kiro", "copilot"} {
			began := time.Now()
			_, err := s.importing(provider, source.Options{Source: file})
			if wantCode(t, err, "source-invalid"); time.Since(began) > 20*time.Second {
				t.Errorf("%s, %s: %v", name, provider, time.Since(began))
			}
		}
		s.credential("deep.json", text)
		began := time.Now()
		if a := s.accounts(); len(a) != 1 || len(a[0].Problems) == 0 || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %v after %v", name, a, time.Since(began))
		}
	}
}
