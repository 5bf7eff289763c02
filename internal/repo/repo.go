// Package repo reads a git repository through the git command: which files it
// has, what its commits added. Open finds it.
//
// It never changes a repository, and a user's settings of git do not change
// what it reads.
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
	"time"
)

// ErrNone says that a folder is in no git repository, or that there is no git.
var ErrNone = errors.New("not in a git repository")

// Repo is a repository with its working tree.
type Repo struct {
	Top     string // absolute folder of the working tree; of a bare repository, its own folder
	Dir     string // absolute .git folder
	Bare    bool   // it has no working tree
	Shallow string // the commits at which a shallow clone ends; empty: it is whole
}

// Open returns the repository that the folder is in. Its error wraps ErrNone
// when there is none.
func Open(ctx context.Context, folder string) (*Repo, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("%w: git is not installed", ErrNone)
	}
	r := &Repo{Top: folder}
	out, err := r.Git(ctx, nil, "rev-parse", "--is-bare-repository", "--absolute-git-dir")
	if err != nil {
		if strings.Contains(err.Error(), "not a git repository") {
			return nil, fmt.Errorf("%s is %w", folder, ErrNone)
		}
		return nil, err
	}
	bare, dir, _ := strings.Cut(strings.TrimSuffix(string(out), "\n"), "\n")
	r.Dir, r.Bare = dir, bare == "true"
	if r.Bare {
		r.Top = dir
	} else if out, err = r.Git(ctx, nil, "rev-parse", "--show-toplevel"); err != nil {
		return nil, err
	} else {
		r.Top = strings.TrimSuffix(string(out), "\n")
	}
	shallow, err := os.ReadFile(filepath.Join(dir, "shallow"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read which commits are missing: %w", err)
	}
	r.Shallow = string(shallow)
	return r, nil
}

// settings make git print the same for everybody.
var settings = [...]string{
	"-c", "core.quotePath=true", "-c", "color.ui=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false",
	"-c", "diff.renames=true", "-c", "diff.interHunkContext=0", "-c", "log.showRoot=true", "-c", "log.showSignature=false",
	"-c", "log.follow=false", "-c", "core.fsmonitor=false",
}

func (r *Repo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", append(settings[:len(settings):len(settings)], args...)...) //nolint:gosec // arguments are this package's and checked revisions
	cmd.Dir = r.Top
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// Git runs a git command that only reads, and returns what it printed.
func (r *Repo) Git(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	var out, complaints bytes.Buffer
	cmd := r.command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &complaints
	if err := cmd.Run(); err != nil {
		return out.Bytes(), complaint(ctx, args[0], err, complaints.String())
	}
	return out.Bytes(), nil
}

// Error is a git command that failed.
type Error struct {
	Command string
	Status  int    // exit status; -1 when it did not end by itself
	Says    string // its complaint, on one line
}

func (e *Error) Error() string { return fmt.Sprintf("git %s: %s", e.Command, e.Says) }

func complaint(ctx context.Context, command string, err error, says string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Error{Command: command, Status: -1, Says: strings.Join(strings.Fields(says), " ")}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.Status = exit.ExitCode()
	}
	if e.Says == "" {
		e.Says = err.Error()
	}
	return e
}
