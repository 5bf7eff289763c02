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

// ErrMissing means that an object is not in this repository: a partial clone has it
// only at its remote, a damaged repository not at all.
var ErrMissing = errors.New("the object is not in this repository")

// Blobs reads the contents of objects by their hash, one after the other, through one
// git command that starts at first use. It is for one goroutine. It streams, so memory
// does not grow with the size of a file.
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

// Blobs returns a reader of objects. Close ends its command.
func (r *Repo) Blobs() *Blobs { return &Blobs{r: r} }

// start starts the git command.
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

// Read calls use with the content of an object, which use need not read to the end. Its
// error wraps ErrMissing when the object does not exist.
func (b *Blobs) Read(ctx context.Context, hash string, use func(size int64, content io.Reader) error) error {
	if b.cmd == nil {
		if err := b.start(ctx); err != nil {
			return err
		}
	}
	err := b.read(hash, use)
	if err != nil && (b.hasEnded || !errors.Is(err, ErrMissing)) {
		b.Close() // the rest of its output cannot be told apart
	}
	return err
}

// read requests one object and reads git's reply.
func (b *Blobs) read(hash string, use func(size int64, content io.Reader) error) error {
	if strings.ContainsRune(hash, '\n') { // COMMIT:PATH with an odd name
		return fmt.Errorf("%q: %w", hash, ErrMissing)
	}
	if _, err := io.WriteString(b.in, hash+"\n"); err != nil {
		return fmt.Errorf("ask git for %s: %w", hash, err)
	}
	head, err := b.out.ReadString('\n')
	if err != nil { // in a partial clone git may fail on a missing object
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
	if words[1] == "blob" { // a submodule is a commit instead
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

// IsSubmodule reports whether a path in a commit, or in the index when commit is empty,
// is a submodule: it has no content here.
func (b *Blobs) IsSubmodule(ctx context.Context, commit, path string) bool {
	args := []string{"ls-tree", "--full-tree", commit, "--", path}
	if commit == "" {
		args = []string{"ls-files", "--stage", "--", ":(literal)" + path}
	}
	out, err := b.r.Git(ctx, nil, args...)
	return err == nil && strings.HasPrefix(string(out), "160000 ")
}

// Close ends the command, if it runs.
func (b *Blobs) Close() {
	if b.cmd == nil {
		return
	}
	b.watch.stop()
	_ = b.in.Close()
	b.cancel()
	_ = b.cmd.Wait() // it fails, since the command was killed
	b.cmd, b.hasEnded = nil, false
}
