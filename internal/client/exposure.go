package client

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// withoutExposedKeys returns the values without those that have the key itself in them, when
// others could see it in the file; result's note then says how the client gets the key instead.
// Fault: client-file-exposed, for a client that takes the key from its file alone.
func (c Client) withoutExposedKeys(
	ctx context.Context, values []Value, file content, t Target, result *Changed,
) ([]Value, error) {
	isSecret := func(v Value) bool { return v.secret }
	if !slices.ContainsFunc(values, isSecret) {
		return values, nil
	}
	why, remedy := exposureOf(ctx, file)
	if why == "" {
		return values, nil
	}
	if c.Key == KeyFileOnly {
		return nil, fault.New("client-file-exposed", "%s: %s, and %s takes the key from there alone",
			file.path, why, c.Title).WithHint("%s; then try again", remedy)
	}
	result.addNote("the key was not written into " + file.path + ", because " + why + " (" + remedy +
		", and the next client:setup writes it); " + c.keyAdvice(t))
	return slices.DeleteFunc(values, isSecret), nil
}

// exposureOf returns why a key in a file could be seen by others, and what ends that; "" when it
// could not.
func exposureOf(ctx context.Context, file content) (why, remedy string) {
	if file.exists && file.mode&0o077 != 0 {
		return "other users can read it", "chmod go-rwx " + file.path
	}
	path := trust.RealPath(file.path)
	top := findWorkTree(path)
	switch {
	case trust.CheckUntracked(path) != nil:
		return "git tracks it", "git rm --cached it, and put it into .gitignore"
	case top != "" && !isIgnored(ctx, top, path):
		return "git would add it to the repository in " + top, "put it into .gitignore"
	}
	return "", ""
}

// findWorkTree returns the work tree of git that a file is in; "" when there is none.
func findWorkTree(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// isIgnored reports whether git ignores a file of a work tree. Where git cannot be asked, it may
// be another program that adds the file, so it is not.
func isIgnored(ctx context.Context, top, path string) bool {
	r, err := repo.Open(ctx, top)
	if err != nil {
		return false
	}
	ignored, err := r.IgnoredPaths(ctx, []string{path})
	return err == nil && ignored[path]
}

// keyAdvice returns how the client gets the key where it is not in its files.
func (c Client) keyAdvice(t Target) string {
	return "it reads the key from " + c.Variable + ", so start it by client:run, or in a shell with export " +
		c.Variable + `="$(` + t.KeyCommand() + `)"`
}

// addNote adds a sentence to the note.
func (c *Changed) addNote(text string) { c.Note = joinNotes(c.Note, text) }
