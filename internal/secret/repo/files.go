package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files are the files that are tracked, or neither tracked nor ignored, with
// slashes and relative to Top, submodules and repositories inside included. A
// submodule that is not checked out is its folder. Files may be gone by the time
// they are opened.
func (r *Repo) Files(ctx context.Context) ([]string, error) {
	out, err := r.Git(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	var all []string
	last := ""
	for _, raw := range bytes.Split(out, []byte{0}) {
		path := strings.TrimSuffix(string(raw), "/")
		if path == "" || path == last { // a conflict lists a file once a side
			continue
		}
		last = path
		inner, err := r.filesIn(ctx, path)
		if err != nil {
			return nil, err
		}
		all = append(all, inner...)
	}
	return all, nil
}

// filesIn is path itself, or the files of the repository that it is.
func (r *Repo) filesIn(ctx context.Context, path string) ([]string, error) {
	info, err := os.Lstat(filepath.Join(r.Top, path))
	if err != nil || !info.IsDir() {
		return []string{path}, nil
	}
	sub, err := open(ctx, filepath.Join(r.Top, path), nil)
	if errors.Is(err, ErrNoRepository) || err == nil && sub.Top == r.Top { // a submodule that is not checked out
		return []string{path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("submodule %s: %w", path, err)
	}
	files, err := sub.Files(ctx)
	for i := range files {
		files[i] = path + "/" + files[i]
	}
	return files, err
}

// TrackedFiles are the files in the index, relative to Top.
func (r *Repo) TrackedFiles(ctx context.Context) ([]string, error) {
	out, err := r.Git(ctx, nil, "ls-files", "-z", "--cached")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(out), func(c rune) bool { return c == 0 }), nil
}

// StagedContent is the content of a file in the index.
func (r *Repo) StagedContent(ctx context.Context, path string) ([]byte, error) {
	return r.Git(ctx, nil, "cat-file", "blob", ":"+path)
}

// ChangedFiles are the files that differ from HEAD or are new, without the ignored
// ones, relative to Top.
func (r *Repo) ChangedFiles(ctx context.Context) (files []string, err error) {
	off, err := r.withoutFilters(ctx)
	if err != nil {
		return nil, err
	}
	out, err := off.Git(ctx, nil, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty")
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if len(entry) > len("XY ") {
			files = append(files, entry[len("XY "):])
		}
	}
	return files, err
}

// withoutFilters returns r with the programs turned off through which git would
// compare files of the working tree. They are turned off in the environment: with
// -c, a name of a filter that has a = in it would end there.
func (r *Repo) withoutFilters(ctx context.Context) (*Repo, error) {
	out, err := r.Git(ctx, nil, "config", "-z", "--name-only", "--get-regexp", `^filter\..*\.(clean|smudge|process|required)$`)
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // there is none
		return r, nil
	}
	off, n := *r, 0
	off.env = slices.Clone(r.env)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		value := map[bool]string{true: "false"}[strings.HasSuffix(name, ".required")]
		off.env = append(off.env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, name), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, value))
		n++
	}
	off.env = append(off.env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
	return &off, err
}

// IgnoredPaths returns those of the paths, relative to Top or absolute, that git
// ignores in effect: by any .gitignore, .git/info/exclude or the user's own.
func (r *Repo) IgnoredPaths(ctx context.Context, paths []string) (map[string]bool, error) {
	in := strings.NewReader(strings.Join(paths, "\x00") + "\x00")
	out, err := r.Git(ctx, in, "check-ignore", "-z", "--stdin")
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // none is
		err = nil
	}
	if err != nil {
		return nil, err
	}
	ignored := map[string]bool{}
	for _, path := range bytes.Split(out, []byte{0}) {
		ignored[string(path)] = len(path) > 0
	}
	return ignored, nil
}

// Walk yields every regular file under folder, relative to it and with slashes;
// skip prunes folders and files. What cannot be listed goes to unreadable.
func Walk(ctx context.Context, folder string, skip func(path string) bool, unreadable func(path string, err error)) ([]string, error) {
	var all []string
	err := filepath.WalkDir(folder, func(full string, d fs.DirEntry, err error) error {
		path, relErr := filepath.Rel(folder, full)
		if relErr != nil {
			return relErr
		}
		path = filepath.ToSlash(path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && full == folder:
			return err
		case err != nil:
			unreadable(path, err)
			return nil
		case full != folder && (d.Name() == ".git" || skip(path)):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			all = append(all, path)
		}
		return nil
	})
	return all, err
}
