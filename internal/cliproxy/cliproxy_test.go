package cliproxy_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/fault"
)

const key = "management-key-1"

func newClient(t *testing.T, s *cliproxytest.Server, key string) *cliproxy.Client {
	t.Helper()
	return &cliproxy.Client{Base: s.Start(t).URL, Key: key}
}

func faultCode(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func TestAWrongKeyIsPresentedOnce(t *testing.T) {
	t.Parallel()
	for _, seven := range []bool{true, false} {
		s := &cliproxytest.Server{Seven: seven, Key: key}
		c := newClient(t, s, "wrong-key-12345")
		for range 7 {
			if _, err := c.Files(t.Context()); faultCode(err) != "management-key-refused" ||
				strings.Contains(err.Error(), "wrong-key") {
				t.Errorf("%v", err)
			}
		}
		if n := len(s.Asked()); n != 1 {
			t.Errorf("asked %d times", n)
		}
	}
}

func TestABanIsReported(t *testing.T) {
	t.Parallel()
	s := &cliproxytest.Server{Seven: true, Key: key}
	c := newClient(t, s, key)
	for range 5 {
		_, _ = (&cliproxy.Client{Base: c.Base, Key: "wrong"}).Files(t.Context())
	}
	if _, err := c.Files(t.Context()); faultCode(err) != "management-banned" {
		t.Errorf("%v", err)
	}
}

func TestAManagementAPIThatIsOffIsReported(t *testing.T) {
	t.Parallel()
	c := newClient(t, &cliproxytest.Server{Seven: true}, key)
	if _, err := c.Files(t.Context()); faultCode(err) != "management-off" {
		t.Errorf("%v", err)
	}
}

func TestAMissingServerIsReportedWithoutTheQuery(t *testing.T) {
	t.Parallel()
	c := &cliproxy.Client{Base: "http://127.0.0.1:1", Key: key}
	_, err := c.Progress(t.Context(), "secret-state")
	if faultCode(err) != "management-unreachable" || strings.Contains(err.Error(), "secret-state") {
		t.Errorf("%v", err)
	}
}

func TestTheServersGenerationsAreToldApart(t *testing.T) {
	t.Parallel()
	for _, seven := range []bool{true, false} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"type":"codex"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		c := newClient(t, &cliproxytest.Server{Seven: seven, Key: key, Dir: dir}, key)
		files, err := c.Files(t.Context())
		if err != nil || len(files) != 1 || c.Seven != seven || c.Version == "" {
			t.Errorf("%+v, %v, %v", files, err, c.Seven)
		}
		n, known, err := c.Models(t.Context(), "a.json")
		if err != nil || known != seven || seven && n != 3 {
			t.Errorf("%d, %v, %v", n, known, err)
		}
		if _, err := c.Begin(t.Context(), "nobody", nil); !errors.Is(err, cliproxy.ErrUnsupported) {
			t.Errorf("%v", err)
		}
		if err := c.Cancel(t.Context(), "state-1"); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestASignInIsDeliveredToBothGenerations(t *testing.T) {
	t.Parallel()
	for _, seven := range []bool{true, false} {
		s := &cliproxytest.Server{Seven: seven, Key: key, Words: []string{"codex"}}
		c := newClient(t, s, key)
		login, err := c.Begin(t.Context(), "codex", nil)
		if err != nil || login.State == "" {
			t.Fatal(err)
		}
		if p, err := c.Progress(t.Context(), login.State); err != nil || p.Status != cliproxy.Waiting {
			t.Errorf("%+v, %v", p, err)
		}
		if err := c.Deliver(t.Context(), "codex", url.Values{"state": {login.State}, "code": {"x"}}); err != nil {
			t.Error(err)
		}
		if p, err := c.Progress(t.Context(), login.State); err != nil || p.Status != cliproxy.Done {
			t.Errorf("%+v, %v", p, err)
		}
		var refused *cliproxy.ReplyError
		err = c.Deliver(t.Context(), "codex", url.Values{"state": {"never-seen"}, "code": {"x"}})
		if seven != errors.As(err, &refused) { // the older one says yes to anything
			t.Errorf("seven %v: %v", seven, err)
		}
	}
}

func TestAStrangerOnThePortIsNotTakenForTheServer(t *testing.T) {
	t.Parallel()
	c := &cliproxy.Client{Base: startStranger(t), Key: key}
	if _, err := c.Files(t.Context()); faultCode(err) != "management-failed" {
		t.Errorf("%v", err)
	}
}

func TestTheFolderIsReadFromTheServersFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	for text, want := range map[string]string{"auth-dir: /a/b/\n": "/a/b", "auth-dir: ~/x\n": "/home/me/x",
		"port: 1\n": "/home/me/.cli-proxy-api", "auth-dir: rel\n": "/start/rel"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := cliproxy.ReadFile(path)
		if got := f.Folder("/home/me", "/start"); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	if err := os.WriteFile(path, []byte("api-keys: [sk-canary\nauth-dir: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cliproxy.ReadFile(path); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}
