package scan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// TestATreeThatChangesDuringTheScanIsNotRememberedWrong rewrites and removes
// files while they are scanned. What stands still is found, and a later scan with
// the cache of that time finds what one without finds.
func TestATreeThatChangesDuringTheScanIsNotRememberedWrong(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), filepath.Join(t.TempDir(), "tree")
	s := scanner(t)
	var files []string
	for i := range 200 {
		name := fmt.Sprintf("f%03d.txt", i)
		put(t, dir, name, "nothing\n")
		files = append(files, name)
	}
	put(t, dir, "still.txt", token(1))
	files = append(files, "still.txt")
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			path := filepath.Join(dir, files[i%200])
			if i%7 == 0 {
				_ = os.Remove(path)
				continue
			}
			text := token(i)
			if i/200%2 == 0 {
				text = strings.Repeat("x", len(text)) // as long, and no secret
			}
			_ = os.WriteFile(path, []byte(text+"\n"), 0o600)
		}
	})
	for range 5 {
		c := scan.OpenCache(seal(cache), cache, "1")
		r := s.Tree(t.Context(), dir, files, c)
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(fingerprints(r), "still.txt:github-pat:1") {
			t.Fatalf("what stood still was not found: %+v", r.Scanned)
		}
	}
	close(stop)
	writer.Wait()
	with := s.Tree(t.Context(), dir, files, scan.OpenCache(seal(cache), cache, "1"))
	without := s.Tree(t.Context(), dir, files, nil)
	if !slices.Equal(fingerprints(with), fingerprints(without)) {
		t.Fatalf("with the cache %d findings, without %d", len(with.Findings), len(without.Findings))
	}
}
