package repo_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// logOf returns what a log yields of one kind, one line each.
func logOf(t *testing.T, r *repo.Repo, kind patch.Kind,
	log func(yield func(patch.Addition) error) error) (all []string) {
	t.Helper()
	blobs := r.Blobs()
	defer blobs.Close()
	if err := log(func(a patch.Addition) error {
		if a.Kind != kind {
			return nil
		}
		text := a.Text
		if a.Blob != "" {
			if err := blobs.Read(t.Context(), a.Blob, func(_ int64, content io.Reader) error {
				b, err := io.ReadAll(content)
				text = string(b)
				return err
			}); err != nil {
				return err
			}
		}
		all = append(all, fmt.Sprintf("%s:%d:%q%v%d", a.Path, a.Line, text, a.NewLines, len(a.OldBlobs)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func TestEachKindOfAnAdditionIsYielded(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("sp ace.txt", "1\n2\n3\n4\n5\n")
	g.Commit("sp ace.txt", "1\nTWO\n3\nFOUR\n5")
	g.Commit("bin", "\x00\n")
	g.Commit("bin", "\x00\nmore\n")
	g.Write(".gitattributes", "*.sql -diff\n")
	g.Commit("ü.sql", "a\n")
	g.Git("mv", "ü.sql", "new name.sql")
	g.Commit("new name.sql", "a\nb\n")
	if err := os.Symlink("target", filepath.Join(g.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	g.Git("add", "link")
	g.Git("commit", "-q", "-m", "it has\n\ndiff --git a/x b/x\n+++ b/x\n@@ -0,0 +1 @@\n+two lines\n")
	if err := os.Remove(filepath.Join(g.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	g.Commit("link", "file now\n")
	r := openRepo(t, g.Dir)
	tips, err := r.Tips(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log := func(yield func(patch.Addition) error) error {
		_, err := r.LogChanges(t.Context(), tips, nil, yield)
		return err
	}
	wantEqual(t, logOf(t, r, patch.Hunk, log), `sp ace.txt:1:"1\nTWO\n3\nFOUR\n5\n"[{2 2} {4 5}]0`)
	wantEqual(t, logOf(t, r, patch.AddedLines, log), `link:1:"file now\n"[]0`, `link:1:"target"[]0`,
		`sp ace.txt:1:"1\n2\n3\n4\n5\n"[]0`, `sp ace.txt:2:"TWO\n"[]0`, `sp ace.txt:4:"FOUR\n5"[]0`)
	wantEqual(t, logOf(t, r, patch.Opaque, log), `bin:0:"\x00\n"[]0`, `bin:0:"\x00\nmore\n"[]1`, `new name.sql:0:"a\nb\n"[]1`,
		`ü.sql:0:"a\n"[]0`)
	messages := logOf(t, r, patch.Message, log)
	if len(messages) != 8 || !slices.ContainsFunc(messages, func(m string) bool {
		return strings.Contains(m, `a <a@example.com>\na <a@example.com>\n\nit has\n\ndiff --git`)
	}) {
		t.Errorf("%q", messages)
	}
	inRange := func(yield func(patch.Addition) error) error {
		_, err := r.RangeChanges(t.Context(), "HEAD", yield)
		return err
	}
	wantEqual(t, logOf(t, r, patch.ChangedFile, inRange), `sp ace.txt:0:"1\nTWO\n3\nFOUR\n5"[{2 2} {4 5}]0`)
	of := func(paths ...string) func(func(patch.Addition) error) error {
		return func(yield func(patch.Addition) error) error { return r.LogFiles(t.Context(), tips, nil, paths, yield) }
	}
	wantEqual(t, logOf(t, r, patch.ChangedFile, of("sp ace.txt", "none")), `sp ace.txt:0:"1\nTWO\n3\nFOUR\n5"[{2 2} {4 5}]0`)
	wantEqual(t, logOf(t, r, patch.ChangedFile, of("s*")))
}

func TestARenameIsKnown(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a b", "1\n2\n3\n")
	g.Git("mv", "a b", "c\nd")
	g.Git("commit", "-q", "-m", "rename")
	r := openRepo(t, g.Dir)
	counts, err := r.RangeChanges(t.Context(), "HEAD", func(patch.Addition) error { return nil })
	if err != nil || !slices.Equal(counts.Renames["a b"], []string{"c\nd"}) {
		t.Fatalf("%+v, %v", counts, err)
	}
}

func TestAMissingObjectIsReported(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a", "content\n")
	blobs := openRepo(t, g.Dir).Blobs()
	defer blobs.Close()
	id := strings.TrimSpace(g.Git("rev-parse", "HEAD:a"))
	none := strings.Repeat("1", len(id))
	for _, c := range []struct{ id, want string }{{id, "content\n"}, {none, ""}, {id, "content\n"},
		{strings.TrimSpace(g.Git("rev-parse", "HEAD")), ""}} {
		got := ""
		err := blobs.Read(t.Context(), c.id, func(_ int64, content io.Reader) error {
			b := make([]byte, 100)
			n, _ := content.Read(b[:len(c.want)]) // the rest is for Read to skip
			got = string(b[:n])
			return nil
		})
		if got != c.want || (c.id == none) != (err != nil) {
			t.Errorf("%s: %q, %v", c.id, got, err)
		}
	}
}

// git holds a file that is new in memory as a whole before it compares it, so
// none that is large may be in a patch: not in any commit in which it is small either.
func TestALargeFileIsNeverPartOfAPatch(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("grows.txt", "small\n")
	g.Commit("ordinary.txt", "text\n")
	large := strings.Repeat("0123456789abcde\n", 3<<20/16)
	g.Commit("grows.txt", large)
	g.Write("grows.txt", large+"more\n")
	g.Git("rm", "-q", "--cached", "grows.txt")
	g.Git("commit", "-q", "-m", "gone")
	g.Git("add", "grows.txt")
	r := openRepo(t, g.Dir)
	tips, err := r.Tips(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		log    func(yield func(patch.Addition) error) (patch.Counts, error)
		opaque int
	}{
		"history": {func(yield func(patch.Addition) error) (patch.Counts, error) {
			return r.LogChanges(t.Context(), tips, nil, yield)
		}, 2},
		"range": {func(yield func(patch.Addition) error) (patch.Counts, error) {
			return r.RangeChanges(t.Context(), "HEAD", yield)
		}, 2},
		"staged": {func(yield func(patch.Addition) error) (patch.Counts, error) {
			return r.StagedChanges(t.Context(), yield)
		}, 1},
	} {
		opaque := 0
		_, err := c.log(func(a patch.Addition) error {
			if a.Kind != patch.Opaque && a.Path == "grows.txt" {
				t.Errorf("%s: kind %d, %d bytes", name, a.Kind, len(a.Text))
			}
			if a.Kind == patch.Opaque {
				opaque++
			}
			return nil
		})
		if err != nil || opaque != c.opaque {
			t.Errorf("%s: %d, %v", name, opaque, err)
		}
	}
}
