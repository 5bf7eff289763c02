package grant_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
)

func TestAStartIsRefusedWhileAnotherToolHoldsTheGrant(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", authtest.Canary+"-r", time.Hour))
	s.Credential("copied-by-hand.json", authtest.Codex("a@x.y", authtest.Canary+"-r", time.Hour))
	if err := grant.CheckStart(t.Context(), s.Config, s.Env, false); err != nil {
		t.Errorf("the echo renews nothing: %v", err)
	}
	s.Serve(&cliproxytest.Server{Seven: true})
	err := grant.CheckStart(t.Context(), s.Config, s.Env, false)
	authtest.WantCode(t, err, "grant-shared")
	if err != nil && strings.Contains(err.Error(), authtest.Canary) {
		t.Errorf("a token is shown: %v", err)
	}
	if err := grant.CheckStart(t.Context(), s.Config, s.Env, true); err != nil {
		t.Errorf("-share: %v", err)
	}
	if err := grant.CheckStart(t.Context(), s.Config, s.Env, false); err != nil {
		t.Errorf("accepted before: %v", err)
	}
	if b, _ := os.ReadFile(filepath.Join(s.Config.Paths.RuntimeDir, "auth-shared.json")); strings.Contains(string(b),
		authtest.Canary) {
		t.Error("the token is kept")
	}
}

func TestAnImportThatWasSharedOnPurposeDoesNotStopAStart(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true})
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r", time.Hour))
	if _, err := s.Import("codex", source.Options{Share: true}); err != nil {
		t.Fatal(err)
	}
	if err := grant.CheckStart(t.Context(), s.Config, s.Env, false); err != nil {
		t.Error(err)
	}
}
