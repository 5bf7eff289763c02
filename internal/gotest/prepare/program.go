package prepare

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

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// Program is the compiled program that tests of several packages run. It is compiled once for all of them.
//
// Its path has its SHA-256 and that of the source without the module of the tests: go test reuses the result of a
// package unless a variable that its tests read has changed, and sees no file outside of the package's own module.
type Program struct {
	Root  string // of the source
	Tests string // the folder of the module of the tests, below Root

	once sync.Once
	path string // "": it does not compile
}

// Env returns what the environment of the tests has in addition. When the program does not compile, out and each
// package whose tests run it say why.
func (p *Program) Env(ctx context.Context, out io.Writer) []string {
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
func (p *Program) compile(ctx context.Context) (string, error) {
	folder, err := cacheFolder()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(folder, "new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, err := subprocess.CompileFlowGate(ctx, p.Root, dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	if err := errors.Join(addFile(sum, program), p.addSource(sum)); err != nil {
		return "", err
	}
	path := filepath.Join(folder, hex.EncodeToString(sum.Sum(nil))+".flowgate")
	return path, os.Rename(program, path)
}

// addSource adds the names and contents of the source's files to a sum: without the module of the tests, whose files
// go test sees, and without what git and FlowGate keep there.
func (p *Program) addSource(sum hash.Hash) error {
	return filepath.WalkDir(p.Root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == ".router" || path == filepath.Join(p.Root, p.Tests)):
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
