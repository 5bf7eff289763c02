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

// Files returns the files that are tracked, or neither tracked nor ignored, with
// slashes and relative to Top, those of submodules and nested repositories included. A
// submodule that is not checked out is returned as its folder. A file may have been
// removed by the time it is opened.
func (r *Repo) Files(ctx context.Context) ([]string, error) {
	out, err := r.Git(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	var all []string
	last := ""
	for _, raw := range bytes.Split(out, []byte{0}) {
		path := strings.TrimSuffix(string(raw), "/")
		if path == "" || path == last { // a conflict lists a file once for each side
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

// filesIn returns path itself, or the files of the repository when path is its folder.
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

// TrackedFiles returns the files in the index, relative to Top.
func (r *Repo) TrackedFiles(ctx context.Context) ([]string, error) {
	out, err := r.Git(ctx, nil, "ls-files", "-z", "--cached")
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(out), func(c rune) bool { return c == 0 }), nil
}

// StagedContent returns the content of a file in the index.
func (r *Repo) StagedContent(ctx context.Context, path string) ([]byte, error) {
	return r.Git(ctx, nil, "cat-file", "blob", ":"+path)
}

// ChangedFiles returns the files that differ from HEAD or are new, without ignored
// ones, relative to Top.
func (r *Repo) ChangedFiles(ctx context.Context) (files []string, err error) {
	unfiltered, err := r.withoutFilters(ctx)
	if err != nil {
		return nil, err
	}
	out, err := unfiltered.Git(ctx, nil, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal",
		"--ignore-submodules=dirty")
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if len(entry) > len("XY ") {
			files = append(files, entry[len("XY "):])
		}
	}
	return files, err
}

// withoutFilters returns r with the filter programs turned off that git would run to
// compare files of the working tree. They are turned off by environment variables: with
// -c, the name of a filter that contains a = would end there.
func (r *Repo) withoutFilters(ctx context.Context) (*Repo, error) {
	out, err := r.Git(ctx, nil, "config", "-z", "--name-only", "--get-regexp",
		`^filter\..*\.(clean|smudge|process|required)$`)
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // no filter is set
		return r, nil
	}
	unfiltered, n := *r, 0
	unfiltered.env = slices.Clone(r.env)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		value := map[bool]string{true: "false"}[strings.HasSuffix(name, ".required")]
		unfiltered.env = append(unfiltered.env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, name),
			fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, value))
		n++
	}
	unfiltered.env = append(unfiltered.env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
	return &unfiltered, err
}

// IgnoredPaths returns the paths, relative to Top or absolute, that git ignores: by any
// .gitignore, .git/info/exclude or the user's own file.
func (r *Repo) IgnoredPaths(ctx context.Context, paths []string) (map[string]bool, error) {
	in := strings.NewReader(strings.Join(paths, "\x00") + "\x00")
	out, err := r.Git(ctx, in, "check-ignore", "-z", "--stdin")
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == 1 { // none is ignored
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

// Walk returns every regular file under folder, relative to it and with slashes. skip
// prunes folders and files. Walk calls unreadable for what cannot be listed.
func Walk(ctx context.Context, folder string, skip func(path string) bool,
	unreadable func(path string, err error)) ([]string, error) {
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
