package repo

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
)

// Hooks describes where git looks for the repository's hooks.
type Hooks struct {
	Folder string // absolute; it may not exist
	Scope  string // scope of core.hooksPath: local, worktree, global or system; empty: not set
}

// Hooks returns the folder of the repository's hooks: core.hooksPath, or hooks in the
// .git folder that all work trees share. It does not create the folder.
func (r *Repo) Hooks(ctx context.Context) (Hooks, error) {
	h, err := r.hooksSetting(ctx)
	if err != nil || h.Scope != "" {
		return h, err
	}
	out, err := r.Git(ctx, nil, "rev-parse", "--git-common-dir")
	return Hooks{Folder: filepath.Join(r.makeAbsolute(out), "hooks")}, err
}

// hooksSetting returns the last value of core.hooksPath that a file sets.
func (r *Repo) hooksSetting(ctx context.Context) (h Hooks, err error) {
	out, err := r.Git(ctx, nil, "config", "-z", "--show-scope", "--type=path", "--get-all", "core.hooksPath")
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // not set
		return h, nil
	}
	words := bytes.Split(bytes.TrimSuffix(out, []byte{0}), []byte{0})
	for i := 0; i+1 < len(words); i += 2 {
		if scope := string(words[i]); scope != "command" { // set by Command
			h = Hooks{Folder: r.makeAbsolute(words[i+1]), Scope: scope}
		}
	}
	return h, err
}

// makeAbsolute returns a path that git printed, which may be relative to Top, as an
// absolute path.
func (r *Repo) makeAbsolute(printed []byte) string {
	path := strings.TrimSuffix(string(printed), "\n")
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.Top, path)
}
