package scan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// seal is that of a user whose state folder is beside the cache.
func seal(cache string) scan.Seal {
	state := filepath.Dir(cache) + "-state" // beside it: a folder that others may write must not hold the key
	return scan.Seal{Root: filepath.Dir(cache), Getenv: func(name string) string {
		if name == "XDG_STATE_HOME" {
			return state
		}
		return ""
	}}
}

// TestACacheThatAnotherCouldHaveWrittenIsNotBelieved takes a cache that says
// that a file and a history with a secret hold none.
func TestACacheThatAnotherCouldHaveWrittenIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, cache string) scan.Seal{
		"it is whole": nil,
		"another user's key": func(t *testing.T, cache string) scan.Seal {
			s := seal(filepath.Join(t.TempDir(), "other"))
			s.Root = filepath.Dir(cache)
			return s
		},
		"others may write it": func(t *testing.T, cache string) scan.Seal {
			if err := os.Chmod(cache, 0o622); err != nil {
				t.Fatal(err)
			}
			return seal(cache)
		},
		"others may write its folder": func(t *testing.T, cache string) scan.Seal {
			if err := os.Chmod(filepath.Dir(cache), 0o777); err != nil {
				t.Fatal(err)
			}
			return seal(cache)
		},
		"it is a link": func(t *testing.T, cache string) scan.Seal {
			if err := os.Rename(cache, cache+"2"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(cache+"2", cache); err != nil {
				t.Fatal(err)
			}
			return seal(cache)
		},
		"it is of another folder": func(t *testing.T, cache string) scan.Seal {
			moved := seal(cache)
			folder := t.TempDir()
			b, err := os.ReadFile(cache)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, filepath.Base(cache)), b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			moved.Root = folder
			return moved
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, g := scanner(t), repotest.New(t)
			g.Commit("a.txt", "nothing\n")
			r, err := repo.Open(t.Context(), g.Dir)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			for _, kind := range []string{"tree", "history"} {
				cache := filepath.Join(folder, kind)
				look := func(seal scan.Seal) scan.Result {
					path := filepath.Join(seal.Root, kind)
					if kind == "history" {
						result, err := s.History(t.Context(), r, seal, path)
						if err != nil {
							t.Fatal(err)
						}
						return result
					}
					c := scan.OpenCache(seal, path, "1")
					result := s.Tree(t.Context(), g.Dir, []string{"a.txt"}, c)
					if err := c.Save(); err != nil {
						t.Fatal(err)
					}
					return result
				}
				waitForOldFiles()
				look(seal(cache))
				at, believed := seal(cache), 1
				if harm != nil {
					at, believed = harm(t, cache), 0
				}
				if got := look(at); got.Scanned.Cached != believed {
					t.Errorf("%s: %+v", kind, got.Scanned)
				}
			}
		})
	}
}

func TestAForgedCacheHidesNothing(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "tree")
	s := scanner(t)
	put(t, dir, "a.txt", token(1))
	waitForOldFiles()
	c := scan.OpenCache(seal(cache), cache, "1")
	s.Tree(t.Context(), dir, []string{"a.txt"}, c)
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(cache)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "github-pat") })
	// without findings
	lines[at] = lines[at][:strings.LastIndexByte(lines[at][:strings.IndexByte(lines[at], '{')], '\t')+1]
	for _, forged := range []string{strings.Join(lines, "\n"), "\n" + strings.Join(lines[1:], "\n"),
		strings.Join(lines[1:], "\n")} {
		if err := os.WriteFile(cache, []byte(forged), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := s.Tree(t.Context(), dir, []string{"a.txt"}, scan.OpenCache(seal(cache), cache, "1")); len(r.Findings) != 1 ||
			r.Scanned.Cached != 0 {
			t.Errorf("%+v", r)
		}
	}
}
