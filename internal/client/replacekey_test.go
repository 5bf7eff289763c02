package client_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
)

const newKey = "sk-another-9876543210"

// keepsKey reports whether a client has the key in its own file.
func keepsKey(c client.Client) bool { return c.Key == client.KeyFile || c.Key == client.KeyFileOnly }

func TestANewKeyTakesThePlaceOfTheOldOneAndIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range withFiles(t) {
		h := newHome(t)
		before := h.fillFiles(c, 7)
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		if files, err := client.ReplaceKey(t.Context(), c, "sk-nobodys", newKey, h.options()); err != nil || len(files) > 0 {
			t.Errorf("%s: a key that is not there: %v, %v", c.Name, files, err)
		}
		files, err := client.ReplaceKey(t.Context(), c, router.Key, newKey, h.options())
		if err != nil || keepsKey(c) != (len(files) == 1) {
			t.Errorf("%s: %v, %v", c.Name, files, err)
		}
		for _, path := range files {
			if text := h.read(path); strings.Contains(text, router.Key) || !strings.Contains(text, newKey) {
				t.Errorf("%s: %s", c.Name, text)
			}
		}
		if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		var after []string
		for _, f := range c.Files {
			after = append(after, h.read(f.Path(h.options().Getenv)))
		}
		if !slices.Equal(after, before) {
			t.Errorf("%s: %q, not %q", c.Name, after, before)
		}
	}
}

func TestAnInterruptedReplacementOfAKeyCanBeTakenBack(t *testing.T) {
	t.Parallel()
	to := router
	to.Key = newKey
	for _, step := range []string{"journal", "written"} {
		for name, replace := range map[string]func(c client.Client, o client.Options){
			"ReplaceKey": func(c client.Client, o client.Options) {
				_, _ = client.ReplaceKey(t.Context(), c, router.Key, newKey, o)
			},
			"Setup": func(c client.Client, o client.Options) { _, _ = client.Setup(t.Context(), c, to, o) },
		} {
			h, c := newHome(t), find(t, "aider")
			path := c.Files[0].Path(h.options().Getenv)
			h.write(path, "dark-mode: true # mine\n")
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
				t.Fatal(err)
			}
			h.interruptAt(step, func(o client.Options) { replace(c, o) })
			done, err := client.Restore(t.Context(), c, client.Target{}, h.options())
			if err != nil || len(done.Left) > 0 || h.read(path) != "dark-mode: true # mine\n" {
				t.Errorf("%s at %s: %+v, %v\n%s", name, step, done, err, h.read(path))
			}
			if left, _ := filepath.Glob(filepath.Join(h.dir, ".state", "*", "clients", "aider-*")); len(left) > 0 {
				t.Errorf("%s at %s: %v is left", name, step, left)
			}
		}
	}
}

// interruptAt calls do, and ends it at a step as if the process were killed.
func (h *home) interruptAt(step string, do func(client.Options)) {
	o := h.options()
	o.At = func(at string) {
		if at == step {
			panic(interrupted{step})
		}
	}
	defer func() {
		if p := recover(); p != nil && p != (interrupted{step}) {
			panic(p)
		}
	}()
	do(o)
}
