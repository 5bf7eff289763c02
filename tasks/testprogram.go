package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// testProgram is the compiled program that tests of several packages run. It is compiled once for all of them.
//
// Its path has its SHA-256 and that of the source without the module of the tests: go test reuses the result of a
// package unless a variable that its tests read has changed, and sees no file outside of the package's own module.
type testProgram struct {
	root string // of the source
	once sync.Once
	path string // "": it does not compile
}

// env returns what the environment of the tests has in addition. When the program does not compile, each package whose
// tests run it says why.
func (p *testProgram) env(ctx context.Context, out io.Writer) []string {
	p.once.Do(func() {
		var err error
		if p.path, err = p.compile(ctx); err != nil {
			_, _ = fmt.Fprintf(out, "the program that tests run: %v\n", err) // the tests fail, too
		}
	})
	if p.path == "" {
		return nil
	}
	return []string{subprocess.ProgramVariable + "=" + p.path}
}

// compile compiles the program and returns its path, in the developer's cache.
func (p *testProgram) compile(ctx context.Context) (string, error) {
	folder, err := testCache()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(folder, "new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, err := subprocess.CompileFlowGate(ctx, p.root, dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	if err := errors.Join(addFile(sum, program), addTree(sum, p.root)); err != nil {
		return "", err
	}
	path := filepath.Join(folder, hex.EncodeToString(sum.Sum(nil))+".flowgate")
	return path, os.Rename(program, path)
}

// addTree adds the names and contents of the files below root to a sum: without the module of the tests, whose files
// go test sees, and without what git and FlowGate keep there.
func addTree(sum hash.Hash, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == ".router" || path == filepath.Join(root, testModule)):
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		_, _ = fmt.Fprintf(sum, "%q\n", path) // a sum takes everything
		return addFile(sum, path)
	})
}

// addFile adds the content of a file to a sum.
func addFile(sum hash.Hash, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(sum, f)
	return err
}

// testCache returns the folder for what test runs need and may use again, without what is old.
func testCache() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "flowgate", "test-program")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	removeOld(folder, time.Now().Add(-maxTestAge))
	return folder, nil
}

// maxTestAge is how old the files get that tests, or their preparation, left.
const maxTestAge = 24 * time.Hour

// removeOld removes what is in a folder and was not changed since a time.
func removeOld(folder string, since time.Time) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().Before(since) {
			_ = os.RemoveAll(filepath.Join(folder, e.Name()))
		}
	}
}
