package vault_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/flaky"
)

func TestAForcedImportLeavesNoIdsOfTheOtherAccountBehind(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := s.Credential("claude-a.json", authtest.Object{
		"type": "claude", "access_token": "a", "refresh_token": "rt-old", "organization_uuid": "org-old",
		"account_uuid":      "acc-old",
		"organization_name": "Old", "prefix": "mine", "priority": 7,
	})
	s.Put(s.Home(".claude/.credentials.json"), authtest.ClaudeCode("rt-new", authtest.Now().Add(time.Hour)))
	if _, err := s.Import("claude", source.Options{Share: true, Force: true, Dest: file}); err != nil {
		t.Fatal(err)
	}
	got := s.Read(file)
	for _, key := range []string{"organization_uuid", "account_uuid", "organization_name"} {
		if got[key] != nil {
			t.Errorf("%s of the other account is still there: %v", key, got[key])
		}
	}
	if got["refresh_token"] != "rt-new" || got["prefix"] != "mine" || got["priority"] != 7.0 {
		t.Errorf("the file holds %v", got)
	}
}

func TestAFailedProofLeavesModeTimeAndMemoryAsTheyWere(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true, Models: map[string]int{"codex-d6ef02da-a@x.y-plus.json": 0}})
	old := s.Credential("codex-d6ef02da-a@x.y-plus.json", authtest.Codex("a@x.y", "rt-old", time.Minute))
	origin := s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "rt-new", time.Hour))
	then := authtest.Now().Add(-time.Hour)
	for _, file := range []string{old, origin} {
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []source.Options{{Share: true}, {Take: true}} {
		_, err := s.Import("codex", o)
		authtest.WantCode(t, err, "proof-failed")
		for _, file := range []string{old, origin} {
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o640 || !info.ModTime().Equal(then) {
				t.Errorf("%+v: %s is %v, %v", o, file, info, err)
			}
		}
	}
	for _, left := range []string{filepath.Join(s.Config.Paths.Auths(), ".trash"),
		filepath.Join(s.Config.Paths.RuntimeDir, "auth-shared.json")} {
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("%s was left", left)
		}
	}
}

func TestOneFileThatTheServerCannotUseDoesNotStopAFolder(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true, Models: map[string]int{"b.json": 0}})
	for _, name := range []string{"a", "b", "c"} {
		s.Put("other/"+name+".json", authtest.Object{"type": "xai", "access_token": "at", "refresh_token": "rt-" + name,
			"email": name + "@x.y"})
	}
	got, err := s.Import("all", source.Options{Source: filepath.Join(s.Dir, "other")})
	if err != nil || !got.Changed || len(got.Others) != 2 || !got.Others[0].Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	last := got.Others[1]
	if last.Changed || len(last.Warnings) != 1 || last.Warnings[0].Code != "source-left-out" {
		t.Errorf("%+v", last)
	}
	if have := s.Grants(); len(have) != 2 || have["b.json"] != "" {
		t.Errorf("the folder holds %v", have)
	}
	if _, err := s.Import("all", source.Options{Source: s.Put("alone/b.json",
		authtest.Object{"type": "xai", "access_token": "at", "refresh_token": "rt-b"})}); err == nil {
		t.Error("a file that was named and cannot be used was taken")
	}
}

func TestAnUndoAcceptsTheNamesThatALogoutAccepts(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("codex-a.json", authtest.Codex("a@x.y", "rt", time.Hour))
	for _, word := range []string{"codex-a", "A@x.y", "codex", "codex-a.json"} {
		if _, err := vault.Logout(t.Context(), s.Config, s.Env, word); err != nil {
			t.Fatal(err)
		}
		if got, err := vault.Restore(t.Context(), s.Config, s.Env, word); err != nil ||
			filepath.Base(got.Destination) != "codex-a.json" {
			t.Errorf("%s: %+v, %v", word, got, err)
		}
	}
	key := s.Put(filepath.Join(s.Config.Paths.Secrets(), "provider-openai.key"), authtest.Canary+"-key\n")
	if _, err := vault.Logout(t.Context(), s.Config, s.Env, "openai"); err != nil {
		t.Fatal(err)
	}
	if got, err := vault.Restore(t.Context(), s.Config, s.Env, "openai"); err != nil || got.Destination != key {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"a", "b"} {
		s.Credential("xai-"+name+".json", authtest.Object{"type": "xai", "access_token": "at", "email": name + "@x.y"})
		if _, err := vault.Logout(t.Context(), s.Config, s.Env, "xai-"+name); err != nil {
			t.Fatal(err)
		}
	}
	_, err := vault.Restore(t.Context(), s.Config, s.Env, "xai")
	authtest.WantCode(t, err, "account-ambiguous")
}

func TestAServerThatCannotListItsFilesIsAFaultWithAHint(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	front := &flaky.Server{Path: "/v0/management/auth-files", Faults: slices.Repeat([]flaky.Fault{flaky.ReplyStatus(500)},
		100)}
	s.Serve(&cliproxytest.Server{Seven: true, Front: front.InFrontOf})
	_, err := s.Import("xai", source.Options{Source: s.Put("xai-a.json",
		authtest.Object{"type": "xai", "access_token": "at", "refresh_token": "rt"})})
	if authtest.WantCode(t, err, "management-failed"); len(s.Grants()) != 0 {
		t.Errorf("left: %v", s.Grants())
	}
}

func TestAFolderEntryInUpperCaseKeepsItsName(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put("other/XAI.JSON", authtest.Object{"type": "xai", "access_token": "at", "refresh_token": "rt"})
	got, err := s.Import("all", source.Options{Source: filepath.Join(s.Dir, "other")})
	if err != nil || filepath.Base(got.Destination) != "XAI.json" {
		t.Errorf("%+v, %v", got, err)
	}
}
func TestLogoutIsUndone(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := s.Credential("codex-a.json", authtest.Codex("a@x.y", "r", time.Hour))
	s.Credential("codex-b.json", authtest.Codex("b@x.y", "r2", time.Hour))
	_, err := vault.Logout(t.Context(), s.Config, s.Env, "codex")
	authtest.WantCode(t, err, "account-ambiguous")
	_, err = vault.Logout(t.Context(), s.Config, s.Env, "codex-x")
	authtest.WantCode(t, err, "account-unknown")
	got, err := vault.Logout(t.Context(), s.Config, s.Env, "a@x.y")
	if err != nil || !got.Changed || len(s.Accounts()) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if info, err := os.Stat(got.Destination); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v", err)
	}
	back, err := vault.Restore(t.Context(), s.Config, s.Env, "codex-a")
	if err != nil || back.Destination != file || len(s.Accounts()) != 2 {
		t.Fatalf("%+v, %v", back, err)
	}
	_, err = vault.Restore(t.Context(), s.Config, s.Env, "codex-a")
	authtest.WantCode(t, err, "account-unknown")
}
