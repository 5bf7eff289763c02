// Package repo reads a git repository through the git command: which files it
// has, what its commits added. Open finds it.
//
// Command makes every git command of FlowGate. None of them changes a repository,
// executes what a repository's settings name, or uses the network; and a user's
// settings of git do not change what is read.
package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// ErrNoRepository says that a folder is in no git repository, or that there is no git.
var ErrNoRepository = errors.New("not in a git repository")

// Repo is a repository with its working tree.
type Repo struct {
	Top     string // absolute folder of the working tree; of a bare repository, its own folder
	Dir     string // absolute .git folder
	Bare    bool   // it has no working tree
	Shallow string // the commits at which a shallow clone ends; empty: it is whole

	env []string // what git tells a hook
}

// Open returns the repository that the folder is in. Its error wraps ErrNone
// when there is none.
func Open(ctx context.Context, folder string) (*Repo, error) {
	return open(ctx, folder, hookVariables(os.Getenv))
}

func open(ctx context.Context, folder string, env []string) (*Repo, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("%w: git is not installed", ErrNoRepository)
	}
	r := &Repo{Top: folder, env: env}
	out, err := r.Git(ctx, nil, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--git-path", "shallow")
	if err != nil {
		if strings.Contains(err.Error(), "not a git repository") {
			return nil, fmt.Errorf("%s is %w", folder, ErrNoRepository)
		}
		return nil, err
	}
	bare, paths, _ := strings.Cut(strings.TrimSuffix(string(out), "\n"), "\n")
	dir, shallow, _ := strings.Cut(paths, "\n")
	if err := r.readShallow(shallow); err != nil {
		return nil, err
	}
	r.Dir, r.Bare = dir, bare == "true"
	if r.Bare {
		r.Top = dir
		return r, nil
	}
	out, err = r.Git(ctx, nil, "rev-parse", "--show-toplevel")
	r.Top = strings.TrimSuffix(string(out), "\n")
	return r, err
}

// readShallow reads which commits are missing. A linked work tree shares the
// file with the other ones, so only git knows its path.
func (r *Repo) readShallow(path string) error {
	text, err := safefile.Read(r.absolute([]byte(path)), safefile.DocumentLimit)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read which commits are missing: %w", err)
	}
	r.Shallow = string(text)
	return nil
}

// IsPartial reports whether the clone was made with a filter: some of its
// objects are only at the remote.
func (r *Repo) IsPartial(ctx context.Context) (bool, error) {
	out, err := r.Git(ctx, nil, "config", "--get-regexp", `^(extensions\.partialclone|remote\..*\.promisor)$`)
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // no such setting
		return false, nil
	}
	return len(bytes.TrimSpace(out)) > 0, err
}

func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := Command(ctx, r.Top, args...)
	cmd.Env = append(cmd.Env, r.env...)
	return cmd
}

// Git runs a git command that only reads, and returns what it printed.
func (r *Repo) Git(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	var out []byte
	err := r.pipe(ctx, in, args, func(stdout io.Reader) (err error) {
		out, err = io.ReadAll(stdout)
		return err
	})
	return out, err
}

// Error is a git command that failed.
type Error struct {
	Command string
	Status  int    // exit status; -1 when it did not end by itself
	Stderr  string // its complaint, on one line
}

func (e *Error) Error() string { return fmt.Sprintf("git %s: %s", e.Command, e.Stderr) }

func commandError(ctx context.Context, command string, err error, says string) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	e := &Error{Command: command, Status: -1, Stderr: strings.Join(strings.Fields(says), " ")}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.Status = exit.ExitCode()
	}
	if e.Stderr == "" {
		e.Stderr = err.Error()
	}
	return e
}
