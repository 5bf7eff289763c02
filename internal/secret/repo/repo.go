// Package repo reads a git repository through the git command: the files it has, and
// what its commits added. Open finds the repository of a folder.
//
// Command makes every git command of FlowGate. None of them changes a repository,
// executes what a repository's settings name, or uses the network; a user's git
// settings do not change what is read.
//
// It has more than 700 lines: every read is a method of Repo, which alone holds the
// folder and the environment of its commands. Package patch parses what they print.
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

// ErrNoRepository means that a folder is in no git repository, or that git is not
// installed.
var ErrNoRepository = errors.New("not in a git repository")

// Repo is a repository, with its working tree if it has one.
type Repo struct {
	Top     string // absolute folder of the working tree; of a bare repository, its own folder
	Dir     string // absolute .git folder
	Bare    bool   // it has no working tree
	Shallow string // the commits at which a shallow clone ends; empty: the clone is complete

	env []string // variables that git sets for a hook
}

// Open returns the repository that contains the folder. Its error wraps ErrNoRepository
// when there is none.
func Open(ctx context.Context, folder string) (*Repo, error) {
	return open(ctx, folder, hookVariables(os.Getenv))
}

// open does what Open does; env is added to the environment of git commands.
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

// readShallow reads the commits at which a shallow clone ends. A linked work tree
// shares that file with others, so only git knows its path.
func (r *Repo) readShallow(path string) error {
	text, err := safefile.Read(r.makeAbsolute([]byte(path)), safefile.DocumentLimit)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read where the shallow clone ends: %w", err)
	}
	r.Shallow = string(text)
	return nil
}

// IsPartial reports whether the clone was made with a filter: some of its objects exist
// only at the remote.
func (r *Repo) IsPartial(ctx context.Context) (bool, error) {
	out, err := r.Git(ctx, nil, "config", "--get-regexp", `^(extensions\.partialclone|remote\..*\.promisor)$`)
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // the setting does not exist
		return false, nil
	}
	return len(bytes.TrimSpace(out)) > 0, err
}

// command returns Command in the repository's folder.
func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := Command(ctx, r.Top, args...)
	cmd.Env = append(cmd.Env, r.env...)
	return cmd
}

// Git runs a git command that only reads, and returns its output.
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
	Status  int    // exit status; -1 when it was killed
	Stderr  string // its standard error, on one line
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("git %s: %s", e.Command, e.Stderr) }

// commandError returns the error of a git command that ended with err.
func commandError(ctx context.Context, command string, err error, stderr string) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	e := &Error{Command: command, Status: -1, Stderr: strings.Join(strings.Fields(stderr), " ")}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.Status = exit.ExitCode()
	}
	if e.Stderr == "" {
		e.Stderr = err.Error()
	}
	return e
}
