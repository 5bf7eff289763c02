package scan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
	"github.com/flowgate-go/flowgate/internal/secret/rule"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// token is a made-up GitHub token.
func token(n int) string {
	return fmt.Sprintf("ghp_%016xAbCdEfGhIjKlMnOpQrSt", 0x9e3779b97f4a7c15*uint64(n+1))
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// waitForOldFiles waits until no file's change is so young that another could hide behind it.
func waitForOldFiles() { time.Sleep(60 * time.Millisecond) }

func fingerprints(r scan.Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Fingerprint)
	}
	return all
}

func TestASecondScanReadsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache", "tree")
	s := scanner(t)
	files := []string{"a.txt", "b.txt", "c.prog", "d\n\"e.txt", "gone.txt", "empty"}
	put(t, dir, "a.txt", "x = "+token(1)+"\n")
	put(t, dir, "b.txt", "nothing\n")
	put(t, dir, "c.prog", "\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 300)+token(2))
	put(t, dir, "d\n\"e.txt", token(3))
	put(t, dir, "empty", "")
	waitForOldFiles()
	tree := func(digest string) scan.Result {
		c := scan.OpenCache(seal(cache), cache, digest)
		r := s.Tree(t.Context(), dir, files, c)
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := []string{"a.txt:github-pat:1", "d\n\"e.txt:github-pat:1"}
	for i, cached := range []int{0, 4, 4} {
		r := tree("1")
		if !slices.Equal(fingerprints(r), want) || r.Scanned.Cached != cached || r.Scanned.Files != 3 ||
			r.Scanned.Skipped["binary"] != 1 || len(r.Scanned.Unread) > 0 {
			t.Fatalf("run %d: %v %+v", i, fingerprints(r), r.Scanned)
		}
		if i > 0 && r.Scanned.Bytes != 0 {
			t.Fatalf("run %d read %d bytes", i, r.Scanned.Bytes)
		}
	}
	put(t, dir, "b.txt", "y = "+token(4)+"\n")
	put(t, dir, "a.txt", "x = "+token(1)+"\n") // written anew with the same content
	waitForOldFiles()
	r := tree("1")
	if want := append([]string{"a.txt:github-pat:1", "b.txt:github-pat:1"}, want[1]); !slices.Equal(fingerprints(r),
		want) || r.Scanned.Cached != 3 {
		t.Fatalf("%v %+v", fingerprints(r), r.Scanned)
	}
	if r := tree("other rules"); r.Scanned.Cached != 0 {
		t.Fatalf("%+v", r.Scanned)
	}
}

func TestADamagedCacheIsNotUsed(t *testing.T) {
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
	good, err := os.ReadFile(cache)
	if err != nil || strings.Contains(string(good), token(1)) {
		t.Fatalf("%v: %s", err, good)
	}
	for i := 0; i < len(good); i += 23 {
		bad := slices.Clone(good)
		bad[i] ^= 1
		if err := os.WriteFile(cache, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := s.Tree(t.Context(), dir, []string{"a.txt"}, scan.OpenCache(seal(cache), cache, "1")); len(r.Findings) != 1 ||
			r.Scanned.Cached != 0 {
			t.Fatalf("byte %d: %+v", i, r)
		}
	}
	for _, cut := range []int{0, 1, len(good) / 2, len(good) - 1} {
		if err := os.WriteFile(cache, good[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if r := s.Tree(t.Context(), dir, []string{"a.txt"}, scan.OpenCache(seal(cache), cache, "1")); len(r.Findings) != 1 ||
			r.Scanned.Cached != 0 {
			t.Fatalf("cut at %d: %+v", cut, r)
		}
	}
}

func TestAnUnreadableFileIsReported(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return
	}
	dir := t.TempDir()
	put(t, dir, "a.txt", "x")
	if err := os.Chmod(filepath.Join(dir, "a.txt"), 0); err != nil {
		t.Fatal(err)
	}
	if r := scanner(t).Tree(t.Context(), dir, []string{"a.txt"}, nil); len(r.Scanned.Unread) != 1 {
		t.Fatalf("%+v", r)
	}
}

func TestPipesAndLinksAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := mkfifo(filepath.Join(dir, "pipe")); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
	put(t, dir, "a.zip", token(1))
	r := scanner(t).Tree(t.Context(), dir, []string{"loop", "pipe", "lfs", "a.zip"}, nil)
	if len(r.Scanned.Unread) > 0 || r.Scanned.Skipped["symlink"] != 1 || r.Scanned.Skipped["lfs-pointer"] != 1 ||
		r.Scanned.Skipped["archive"] != 1 {
		t.Fatalf("%+v", r)
	}
}

func TestALargeFileIsScannedToItsEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "large.txt", "first line\n")
	f, err := os.OpenFile(filepath.Join(dir, "large.txt"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(4 << 20); err != nil { // sparse; 2 GB behave the same and take a minute
		t.Fatal(err)
	}
	if _, err := f.WriteString("\n\nlast = " + token(1) + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r := scanner(t).Tree(t.Context(), dir, []string{"large.txt"}, nil)
	if len(r.Findings) != 1 || r.Scanned.Bytes < 4<<20 {
		t.Fatalf("%+v", r)
	}
}

func TestHistoryIsReadOnceAndAnewWhenItWasRewritten(t *testing.T) {
	t.Parallel()
	g, cache := repotest.New(t), filepath.Join(t.TempDir(), "history")
	s := scanner(t)
	run := func() scan.Result {
		t.Helper()
		r, err := repo.Open(t.Context(), g.Dir)
		if err != nil {
			t.Fatal(err)
		}
		result, err := s.History(t.Context(), r, seal(cache), cache)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	if r := run(); r.Scanned.Commits != 0 {
		t.Fatalf("an empty repository: %+v", r)
	}
	g.Commit("a.txt", "a = "+token(1)+"\n")
	g.Commit("a.txt", "clean\n")
	first := run()
	if len(first.Findings) != 1 || first.Findings[0].Line != 1 || first.Findings[0].Commit == "" ||
		first.Findings[0].Date != "2026-01-02T03:04:05Z" {
		t.Fatalf("%+v", first)
	}
	if again := run(); again.Scanned.Bytes != 0 || again.Scanned.Cached != 2 ||
		!slices.Equal(fingerprints(again), fingerprints(first)) {
		t.Fatalf("%+v", again)
	}
	g.Commit("b.txt", "b = "+token(2)+"\n")
	if more := run(); len(more.Findings) != 2 || more.Scanned.Cached != 2 || more.Scanned.Commits != 3 {
		t.Fatalf("%+v", more)
	}
	g.Git("checkout", "-q", "--orphan", "new")
	g.Git("commit", "-q", "-m", "all in one")
	g.Git("branch", "-q", "-D", "main")
	g.Git("reflog", "expire", "--expire=now", "--all")
	g.Git("gc", "-q", "--prune=now")
	if anew := run(); len(anew.Findings) != 1 || anew.Scanned.Cached != 0 || anew.Scanned.Commits != 1 {
		t.Fatalf("%+v", anew)
	}
}

func TestNoFindingShowsMoreThanFourCharacters(t *testing.T) {
	t.Parallel()
	set, err := rule.Default()
	if err != nil {
		t.Fatal(err)
	}
	set.AddKnown([]string{"hunter2hunter2", "correct horse battery staple"})
	s, err := scan.New(set)
	if err != nil {
		t.Fatal(err)
	}
	found := s.Worker().Scan(scan.Fragment{Path: "a", Line: 1,
		Text: "hunter2hunter2\nx correct horse battery staple\n" + token(1)})
	var previews []string
	for _, f := range found {
		previews = append(previews, f.Rule+" "+f.Preview)
	}
	if want := []string{"known-secret ", "known-secret co…le", "github-pat gh…St"}; !slices.Equal(previews, want) {
		t.Fatalf("%q", previews)
	}
}

func FuzzACacheIsReadOrRefused(f *testing.F) {
	f.Add("1\t2\t3\t4\tb\t\tp\t[]")
	f.Fuzz(func(_ *testing.T, line string) { _, _ = scan.ParseEntry(line) })
}
