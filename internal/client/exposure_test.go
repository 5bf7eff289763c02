package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// inRepository returns a home folder that is the work tree of a repository.
func inRepository(t *testing.T) (*home, *repotest.Git) {
	t.Helper()
	git := repotest.New(t)
	return &home{t, git.Dir, map[string]string{"HOME": git.Dir, "XDG_STATE_HOME": t.TempDir()}}, git
}

// hasKey reports whether the router's key is in a file of the client.
func (h *home) hasKey(c client.Client) bool {
	for _, f := range c.Files {
		text, err := os.ReadFile(f.Path(h.options().Getenv))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			h.t.Fatal(err)
		}
		if strings.Contains(string(text), router.Key) {
			return true
		}
	}
	return false
}

func TestNoKeyIsWrittenWhereGitWouldAddIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ignore  map[string]string // files of git by their names
		wantKey bool
	}{
		"no .gitignore":                      {nil, false},
		"another file is ignored":            {map[string]string{".gitignore": "*.log\n"}, false},
		"all is ignored":                     {map[string]string{".gitignore": "*\n"}, true},
		"all is ignored but this folder":     {map[string]string{".gitignore": "/*\n!/.gemini\n"}, false},
		"the folder is ignored":              {map[string]string{".gitignore": ".gemini/\n"}, true},
		"it is ignored in its own folder":    {map[string]string{".gemini/.gitignore": ".env\n"}, true},
		"it is ignored in this clone alone":  {map[string]string{".git/info/exclude": "/.gemini/.env\n"}, true},
		"ignored above, and wanted below it": {map[string]string{".gitignore": ".env\n", ".gemini/.gitignore": "!.env\n"}, false},
	} {
		h, git := inRepository(t)
		for path, text := range c.ignore {
			git.Write(path, text)
		}
		gemini := find(t, "gemini")
		got, err := client.Setup(t.Context(), gemini, router, h.options())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h.hasKey(gemini) != c.wantKey {
			t.Errorf("%s: the key is in the file: %v", name, h.hasKey(gemini))
		}
		says := strings.Contains(got.Note, "git would add it to the repository in "+h.dir) &&
			strings.Contains(got.Note, ".gitignore") && strings.Contains(got.Note, "export GEMINI_API_KEY=")
		if says == c.wantKey {
			t.Errorf("%s: the note is %q", name, got.Note)
		}
		git.Git("add", "-A")
		if staged := git.Git("diff", "--cached"); strings.Contains(staged, router.Key) {
			t.Errorf("%s: git add -A takes the key", name)
		}
	}
}

func TestAClientThatTakesTheKeyFromItsFileAloneIsRefusedInAWorkTree(t *testing.T) {
	t.Parallel()
	h, git := inRepository(t)
	kimi := find(t, "kimi")
	path := kimi.Files[0].Path(h.options().Getenv)
	const before = "a = 1 # mine\n"
	git.Write(".kimi-code/config.toml", before)
	_, err := client.Setup(t.Context(), kimi, router, h.options())
	f := fault.From(err)
	if f == nil || f.Code != "client-file-exposed" || !strings.Contains(f.Error(), "git would add it") ||
		!strings.Contains(f.Hint, ".gitignore") {
		t.Fatalf("%v", err)
	}
	if h.read(path) != before {
		t.Errorf("it is %q", h.read(path))
	}
	git.Write(".gitignore", ".kimi-code\n")
	if _, err := client.Setup(t.Context(), kimi, router, h.options()); err != nil || !h.hasKey(kimi) {
		t.Errorf("ignored: %v", err)
	}
}

// TestAKeyLeavesAFileThatGitWouldAddByNow has a home folder become a repository after Setup.
func TestAKeyLeavesAFileThatGitWouldAddByNow(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gemini", "qwen", "aider", "cline", "continue"} {
		h, git := inRepository(t)
		hidden := filepath.Join(t.TempDir(), "git")
		if err := os.Rename(filepath.Join(git.Dir, ".git"), hidden); err != nil {
			t.Fatal(err)
		}
		c := find(t, name)
		before := h.fillFiles(c, 3)
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil || !h.hasKey(c) {
			t.Fatalf("%s: the key is in the file: %v, %v", name, h.hasKey(c), err)
		}
		if err := os.Rename(hidden, filepath.Join(git.Dir, ".git")); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Setup(t.Context(), c, router, h.options()); err != nil || h.hasKey(c) || !got.Changed {
			t.Errorf("%s: the key is still in the file: %v, %v", name, h.hasKey(c), err)
		}
		if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		for i, f := range c.Files {
			if got := h.read(f.Path(h.options().Getenv)); got != before[i] {
				t.Errorf("%s: %q, was\n%q", name, got, before[i])
			}
		}
	}
}

func TestWithoutGitNoKeyIsWrittenIntoAWorkTree(t *testing.T) {
	h, git := inRepository(t)
	git.Write(".gitignore", "*\n")
	t.Setenv("PATH", t.TempDir())
	gemini := find(t, "gemini")
	if _, err := client.Setup(t.Context(), gemini, router, h.options()); err != nil || h.hasKey(gemini) {
		t.Errorf("the key is in the file: %v, %v", h.hasKey(gemini), err)
	}
}
