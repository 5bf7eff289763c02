package client_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// records returns the paths of the records of changes.
func (h *home) records() []string {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.env["XDG_STATE_HOME"], "flowgate/clients/*.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

func TestAFileOfAnotherUserIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "home") // another user cannot reach the folder that t.TempDir makes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.toml")
	if out, err := rightstest.Other(t, "sh", "-c", "echo 'a = 1' > "+path+" && chmod 666 "+path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = rightstest.Other(t, "rm", "-f", path).Run() })
	h, c := newHome(t), find(t, "codex")
	h.env["CODEX_HOME"] = dir
	for what, change := range map[string]func() (client.Changed, error){
		"setup":   func() (client.Changed, error) { return client.Setup(t.Context(), c, router, h.options()) },
		"restore": func() (client.Changed, error) { return client.Restore(t.Context(), c, router, h.options()) },
	} {
		_, err := change()
		if f := fault.From(err); f == nil || f.Code != "client-file-foreign" || !strings.Contains(f.Error(), "belongs to another") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := h.read(path); got != "a = 1\n" || len(h.records()) > 0 {
		t.Errorf("it is %q; records: %v", got, h.records())
	}
}

func TestCommentsWhereNoneAreAllowedAreNotTouched(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{\n  // mine\n  \"a\": 1\n}\n", "{\"a\": 1,}\n", "{\"a\": /* mine */ 1}", "{\"a\": 1} {}", "[]"} {
		h, c := newHome(t), find(t, "claude")
		path := c.Files[0].Path(h.options().Getenv)
		h.write(path, text)
		_, err := client.Setup(t.Context(), c, router, h.options())
		if f := fault.From(err); f == nil || f.Code != "client-file-invalid" || !strings.Contains(f.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
		if got := h.read(path); got != text || len(h.records()) > 0 {
			t.Errorf("it is %q; records: %v", got, h.records())
		}
	}
}

// TestOurKeysWithOtherValuesComeBack has files that point at another router under our names.
func TestOurKeysWithOtherValuesComeBack(t *testing.T) {
	t.Parallel()
	other := router
	other.Root, other.Model, other.FastModel = "http://127.0.0.1:9", "theirs", "theirs-small"
	other.Key, other.KeyFile, other.Catalog = "sk-theirs-0123456789", "/their/key", "/their/catalog.json"
	for _, c := range withFiles(t) {
		for seed := range uint64(3) {
			h := newHome(t)
			h.fillFiles(c, seed)
			if _, err := client.Setup(t.Context(), c, other, h.options()); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(h.env["XDG_STATE_HOME"]); err != nil { // as if somebody had written it
				t.Fatal(err)
			}
			var before []string
			for _, f := range c.Files {
				before = append(before, h.read(f.Path(h.options().Getenv)))
			}
			if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
				t.Fatal(err)
			}
			if s := c.Status(router, h.options().Getenv); s.Points != client.PointsRouter {
				t.Errorf("%s, seed %d: %+v", c.Name, seed, s)
			}
			h.checkRestoresAround(c, seed, before)
		}
	}
}

// checkRestoresAround has somebody edit the files for an odd seed, and expects that Restore
// brings back what was there before.
func (h *home) checkRestoresAround(c client.Client, seed uint64, before []string) {
	h.t.Helper()
	if seed%2 == 1 {
		h.editFiles(c)
	}
	if got, err := client.Restore(h.t.Context(), c, router, h.options()); err != nil || len(got.Left) > 0 {
		h.t.Fatalf("%s, seed %d: %v, %q", c.Name, seed, err, got.Left)
	}
	for i, f := range c.Files {
		got := h.read(f.Path(h.options().Getenv))
		if seed%2 == 0 && got != before[i] {
			h.t.Errorf("%s, seed %d: %q, was\n%q", c.Name, seed, got, before[i])
		}
		for _, theirs := range []string{"http://127.0.0.1:9", "theirs", "sk-theirs-0123456789"} {
			if strings.Count(got, theirs) != strings.Count(before[i], theirs) {
				h.t.Errorf("%s, seed %d: %q is not as often in\n%s\nas in\n%s", c.Name, seed, theirs, got, before[i])
			}
		}
	}
}
