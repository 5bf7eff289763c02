package scan

import (
	"context"
	"crypto/sha1" // git's own name of a blob, not a signature
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Tree scans files, named relative to root and with slashes. A file that the cache has
// is not read again when its size, times and inode are the same, and not searched again
// when its blob id is.
func (s *Scanner) Tree(ctx context.Context, root string, files []string, cache *Cache) Result {
	t := &tree{s: s, root: root, cache: cache, c: newCollector()}
	next := atomic.Int64{}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			w := &treeWorker{tree: t, hash: sha1.New()}
			for i := next.Add(1) - 1; i < int64(len(files)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				w.scanFile(ctx, files[i])
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		t.c.addUnread(root, err)
	}
	return t.c.result(s)
}

// tree is one scan of a folder.
type tree struct {
	s     *Scanner
	root  string
	cache *Cache
	c     *collector
}

// treeWorker searches files, for one goroutine.
type treeWorker struct {
	*tree
	w    *Worker // made when the first file is searched
	hash hash.Hash
}

// archives holds the suffixes of files that contain other files. They are not searched.
var archives = [...]string{".zip", ".jar", ".war", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".lz4",
	".br"}

// scanFile searches one file, or reuses what the cache has.
func (t *treeWorker) scanFile(ctx context.Context, path string) {
	full := filepath.Join(t.root, filepath.FromSlash(path))
	info, err := os.Lstat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist): // deleted, or left out of a sparse working tree
		t.c.countSkipped("not-checked-out")
		return
	case err != nil:
		t.c.addUnread(path, err)
		return
	case info.Mode()&fs.ModeSymlink != 0:
		t.scanLink(path, full)
		return
	case info.IsDir():
		t.c.countSkipped("submodule")
		return
	case !info.Mode().IsRegular() || info.Size() == 0:
		return
	}
	if known, ok := t.cache.findUnchanged(path, info); ok {
		t.reuse(known)
		return
	}
	if why := t.skipReason(path); why != "" {
		found := t.searchName(path)
		t.cache.put(cacheEntry{path: path, stat: statOf(info), skipped: why, findings: found})
		t.c.update(func(r *Result) {
			r.Findings = append(r.Findings, found...)
			r.Scanned.Skipped[why]++
		})
		return
	}
	if err := t.scanContent(ctx, path, full); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.c.addUnread(path, err)
	}
}

// skipReason returns why a file of that name is not searched, "" when it is.
func (t *treeWorker) skipReason(path string) string {
	if isArchive(path) {
		return "archive"
	}
	if t.s.IsExcluded(path, "") && !t.s.hasKnown {
		return "allowed"
	}
	return ""
}

// worker returns the Worker, made at first use.
func (t *treeWorker) worker() *Worker {
	if t.w == nil {
		t.w = t.s.Worker()
	}
	return t.w
}

// searchName returns the known secrets in the name of a file.
func (t *treeWorker) searchName(path string) []Finding {
	if !t.s.hasKnown {
		return nil
	}
	return t.worker().searchName(path)
}

// scanLink searches the target of a symbolic link, which git stores like a file's text.
func (t *treeWorker) scanLink(path, full string) {
	target, err := os.Readlink(full)
	if err != nil {
		t.c.addUnread(path, err)
		return
	}
	found := append(t.searchName(path), t.worker().search(Fragment{Path: path, Line: 1, Text: target}, everyRule)...)
	t.c.update(func(r *Result) {
		r.Findings = append(r.Findings, found...)
		r.Scanned.Skipped["symlink"]++
	})
}

// reuse adds what the cache has of a file.
func (t *tree) reuse(e cacheEntry) {
	t.c.update(func(r *Result) {
		r.Scanned.Cached++
		r.Findings = append(r.Findings, e.findings...)
		if e.skipped != "" {
			r.Scanned.Skipped[e.skipped]++
			return
		}
		r.Scanned.Files++
	})
}

// scanContent searches one file. It computes the blob id while it reads, or before when
// the cache has another state of the file.
func (t *treeWorker) scanContent(ctx context.Context, path, full string) error {
	f, err := safefile.Open(full)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	e := cacheEntry{path: path, stat: statOf(info), findings: t.searchName(path)}
	t.hash.Reset()
	_, _ = fmt.Fprintf(t.hash, "blob %d\x00", info.Size())
	if old, ok := t.cache.findOld(path); ok {
		if _, err := io.Copy(t.hash, f); err != nil {
			return err
		}
		if e.blob = hex.EncodeToString(t.hash.Sum(nil)); e.blob == old.blob {
			old.stat = e.stat
			t.cache.put(old)
			t.reuse(old)
			return nil
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return t.search(ctx, e, f, f)
	}
	return t.search(ctx, e, f, io.TeeReader(f, t.hash))
}

// search searches the content of a file and remembers what was found.
func (t *treeWorker) search(ctx context.Context, e cacheEntry, f *os.File, in io.Reader) error {
	seam := fileSearcher{w: t.worker()}
	bytes, first := int64(0), true
	err := readFragments(in, e.path, func(fragment Fragment) {
		if ctx.Err() != nil {
			return
		}
		if first && strings.HasPrefix(fragment.Text, lfsPointer) {
			t.c.countSkipped("lfs-pointer")
		}
		first = false
		bytes += int64(len(fragment.Text))
		e.findings = append(e.findings, seam.search(fragment)...)
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errBinary):
		e.skipped = "binary"
		t.c.countSkipped(e.skipped)
	case err != nil:
		return err
	case t.s.IsExcluded(e.path, ""): // only known secrets were searched
		t.c.countSkipped("allowed")
	}
	t.c.update(func(r *Result) {
		if e.skipped == "" {
			r.Scanned.Files++
		}
		r.Scanned.Bytes += bytes
		r.Findings = append(r.Findings, e.findings...)
	})
	t.remember(e, f)
	return nil
}

// lfsPointer begins a file whose content Git LFS stores elsewhere.
const lfsPointer = "version https://git-lfs.github.com/spec/"

// remember caches what was found, unless the file changed while it was read.
func (t *treeWorker) remember(e cacheEntry, f *os.File) {
	after, err := f.Stat()
	if err != nil || statOf(after) != e.stat {
		return
	}
	if e.blob == "" && e.skipped == "" {
		e.blob = hex.EncodeToString(t.hash.Sum(nil))
	}
	t.cache.put(e)
}
