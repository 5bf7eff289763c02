package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// ErrMissing says that an object is not here: a partial clone has it at its
// remote only, a damaged one not at all.
var ErrMissing = errors.New("the object is not in this repository")

// Blobs reads contents of files by their hash, one after the other, through one
// git command that is started when it is first needed. It is for one goroutine.
// Content is streamed, so that memory does not grow with the size of a file.
type Blobs struct {
	r         *Repo
	cancel    context.CancelFunc
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       *bufio.Reader
	watch     *watchedOutput
	hasEnded  bool
	sizesOnly bool // sizes only, without contents
}

// Blobs returns a reader of contents. Close ends its command.
func (r *Repo) Blobs() *Blobs { return &Blobs{r: r} }

func (b *Blobs) start(ctx context.Context) error {
	ctx, b.cancel = context.WithCancel(ctx)
	b.cmd = b.r.command(ctx, "cat-file", map[bool]string{true: "--batch-check", false: "--batch"}[b.sizesOnly])
	var err error
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := b.cmd.Start(); err != nil {
		b.cmd = nil
		return fmt.Errorf("run git: %w", err)
	}
	b.watch = watchOutput(b.cmd, out, b.cancel)
	b.out = bufio.NewReaderSize(b.watch, 64<<10)
	return nil
}

// Read gives the content of an object to use, which need not read all of it.
// Its error wraps ErrMissing when there is none.
func (b *Blobs) Read(ctx context.Context, hash string, use func(size int64, content io.Reader) error) error {
	if b.cmd == nil {
		if err := b.start(ctx); err != nil {
			return err
		}
	}
	err := b.read(hash, use)
	if err != nil && (b.hasEnded || !errors.Is(err, ErrMissing)) {
		b.Close() // what it would print next is not known
	}
	return err
}

func (b *Blobs) read(hash string, use func(size int64, content io.Reader) error) error {
	if strings.ContainsRune(hash, '\n') { // COMMIT:PATH with an odd name
		return fmt.Errorf("%q: %w", hash, ErrMissing)
	}
	if _, err := io.WriteString(b.in, hash+"\n"); err != nil {
		return fmt.Errorf("ask git for %s: %w", hash, err)
	}
	head, err := b.out.ReadString('\n')
	if err != nil { // of a partial clone it may die of a missing object
		b.hasEnded = true
		return fmt.Errorf("read %s: %w: git cat-file ended", hash, ErrMissing)
	}
	words := strings.Fields(head)
	if len(words) == 2 {
		return fmt.Errorf("%s: %w", hash, ErrMissing)
	}
	if len(words) != 3 {
		return fmt.Errorf("git cat-file printed %.80q", head)
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return fmt.Errorf("git cat-file printed %.80q", head)
	}
	if b.sizesOnly {
		return use(size, nil)
	}
	content := io.LimitReader(b.out, size)
	if words[1] == "blob" { // of a submodule it is a commit
		if err := use(size, content); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return fmt.Errorf("read %s: %w", hash, err)
	}
	if end, err := b.out.ReadByte(); err != nil || end != '\n' {
		return fmt.Errorf("read %s: git cat-file ended in the middle", hash)
	}
	return nil
}

// IsSubmodule reports whether a path in a commit, or in the index, is a
// submodule: there is no content of it.
func (b *Blobs) IsSubmodule(ctx context.Context, commit, path string) bool {
	args := []string{"ls-tree", "--full-tree", commit, "--", path}
	if commit == "" {
		args = []string{"ls-files", "--stage", "--", ":(literal)" + path}
	}
	out, err := b.r.Git(ctx, nil, args...)
	return err == nil && strings.HasPrefix(string(out), "160000 ")
}

// Close ends the command, if there is one.
func (b *Blobs) Close() {
	if b.cmd == nil {
		return
	}
	b.watch.stop()
	_ = b.in.Close()
	b.cancel()
	_ = b.cmd.Wait() // it was ended
	b.cmd, b.hasEnded = nil, false
}
