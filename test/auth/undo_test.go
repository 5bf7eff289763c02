package auth_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/flaky"
)

func TestAForcedImportLeavesNoIdsOfTheOtherAccountBehind(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := s.credential("claude-a.json", object{
		"type": "claude", "access_token": "a", "refresh_token": "rt-old", "organization_uuid": "org-old",
		"account_uuid":      "acc-old",
		"organization_name": "Old", "prefix": "mine", "priority": 7,
	})
	s.put(s.home(".claude/.credentials.json"), claudeCode("rt-new", now().Add(time.Hour)))
	if _, err := s.importing("claude", source.Options{Share: true, Force: true, Dest: file}); err != nil {
		t.Fatal(err)
	}
	got := s.read(file)
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
	s := newSite(t)
	s.serve(&cliproxytest.Server{Seven: true, Models: map[string]int{"codex-d6ef02da-a@x.y-plus.json": 0}})
	old := s.credential("codex-d6ef02da-a@x.y-plus.json", codex("a@x.y", "rt-old", time.Minute))
	origin := s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "rt-new", time.Hour))
	then := now().Add(-time.Hour)
	for _, file := range []string{old, origin} {
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []source.Options{{Share: true}, {Take: true}} {
		_, err := s.importing("codex", o)
		wantCode(t, err, "proof-failed")
		for _, file := range []string{old, origin} {
			info, err := os.Stat(file)
			if err != nil || info.Mode().Perm() != 0o640 || !info.ModTime().Equal(then) {
				t.Errorf("%+v: %s is %v, %v", o, file, info, err)
			}
		}
	}
	for _, left := range []string{filepath.Join(s.cfg.Paths.Auths(), ".trash"),
		filepath.Join(s.cfg.Paths.RuntimeDir, "auth-shared.json")} {
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("%s was left", left)
		}
	}
}

func TestOneFileThatTheServerCannotUseDoesNotStopAFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(&cliproxytest.Server{Seven: true, Models: map[string]int{"b.json": 0}})
	for _, name := range []string{"a", "b", "c"} {
		s.put("other/"+name+".json", object{"type": "xai", "access_token": "at", "refresh_token": "rt-" + name,
			"email": name + "@x.y"})
	}
	got, err := s.importing("all", source.Options{Source: filepath.Join(s.dir, "other")})
	if err != nil || !got.Changed || len(got.Others) != 2 || !got.Others[0].Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	last := got.Others[1]
	if last.Changed || len(last.Warnings) != 1 || last.Warnings[0].Code != "source-left-out" {
		t.Errorf("%+v", last)
	}
	if have := s.grants(); len(have) != 2 || have["b.json"] != "" {
		t.Errorf("the folder holds %v", have)
	}
	if _, err := s.importing("all", source.Options{Source: s.put("alone/b.json",
		object{"type": "xai", "access_token": "at", "refresh_token": "rt-b"})}); err == nil {
		t.Error("a file that was named and cannot be used was taken")
	}
}

func TestAnUndoTakesTheWordsThatALogoutTakes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.credential("codex-a.json", codex("a@x.y", "rt", time.Hour))
	for _, word := range []string{"codex-a", "A@x.y", "codex", "codex-a.json"} {
		if _, err := vault.Logout(t.Context(), s.cfg, s.env, word); err != nil {
			t.Fatal(err)
		}
		if got, err := vault.Restore(t.Context(), s.cfg, s.env, word); err != nil ||
			filepath.Base(got.Destination) != "codex-a.json" {
			t.Errorf("%s: %+v, %v", word, got, err)
		}
	}
	key := s.put(filepath.Join(s.cfg.Paths.Secrets(), "provider-openai.key"), canary+"-key\n")
	if _, err := vault.Logout(t.Context(), s.cfg, s.env, "openai"); err != nil {
		t.Fatal(err)
	}
	if got, err := vault.Restore(t.Context(), s.cfg, s.env, "openai"); err != nil || got.Destination != key {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"a", "b"} {
		s.credential("xai-"+name+".json", object{"type": "xai", "access_token": "at", "email": name + "@x.y"})
		if _, err := vault.Logout(t.Context(), s.cfg, s.env, "xai-"+name); err != nil {
			t.Fatal(err)
		}
	}
	_, err := vault.Restore(t.Context(), s.cfg, s.env, "xai")
	wantCode(t, err, "account-ambiguous")
}

func TestAServerThatCannotSayWhatItHasIsAFaultWithAHint(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	front := &flaky.Server{Path: "/v0/management/auth-files", Faults: slices.Repeat([]flaky.Fault{flaky.ReplyStatus(500)},
		100)}
	s.serve(&cliproxytest.Server{Seven: true, Front: front.InFrontOf})
	_, err := s.importing("xai", source.Options{Source: s.put("xai-a.json",
		object{"type": "xai", "access_token": "at", "refresh_token": "rt"})})
	if wantCode(t, err, "management-failed"); len(s.grants()) != 0 {
		t.Errorf("left: %v", s.grants())
	}
}

func TestAFolderEntryInUpperCaseKeepsItsName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put("other/XAI.JSON", object{"type": "xai", "access_token": "at", "refresh_token": "rt"})
	got, err := s.importing("all", source.Options{Source: filepath.Join(s.dir, "other")})
	if err != nil || filepath.Base(got.Destination) != "XAI.json" {
		t.Errorf("%+v, %v", got, err)
	}
}
