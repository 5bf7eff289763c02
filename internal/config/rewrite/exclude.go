package rewrite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// excludeBackups makes git ignore the backups of a file that lies in a work tree: it adds
// a line to the repository's info/exclude. A backup holds what the file holds, and the
// .gitignore of an older installation does not name it. Errors are ignored; doctor's check
// folder.ignored reports what git does not ignore.
func excludeBackups(file string) {
	top, gitDir := findRepository(filepath.Dir(file))
	rel, err := filepath.Rel(top, file)
	if gitDir == "" || err != nil {
		return
	}
	line := "/" + strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[",
		`\[`).Replace(filepath.ToSlash(rel)) + ".bak-*\n"
	path := filepath.Join(gitDir, "info", "exclude")
	content, _ := safefile.Read(path, safefile.DocumentLimit)
	if bytes.Contains(append([]byte("\n"), content...), []byte("\n"+line)) {
		return
	}
	if len(content) > 0 && content[len(content)-1] != '\n' {
		line = "\n" + line
	}
	_ = os.MkdirAll(filepath.Dir(path), 0o755) //nolint:gosec // as git makes it
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return
	}
	_, _ = f.WriteString(line)
	_ = f.Close()
}

// findRepository returns the root of the work tree that a folder lies in, and the git folder
// that all work trees of the repository share; both are "" when there is no repository.
func findRepository(dir string) (top, common string) {
	for top = dir; ; top = filepath.Dir(top) {
		git := filepath.Join(top, ".git")
		if info, err := os.Stat(git); err == nil {
			if info.IsDir() {
				return top, git
			}
			return top, commonGitDir(top, git)
		}
		if top == filepath.Dir(top) {
			return "", ""
		}
	}
}

// commonGitDir returns the git folder that the .git file of a work tree or submodule leads
// to, "" when the file cannot be read.
func commonGitDir(top, file string) string {
	text, err := safefile.Read(file, safefile.DocumentLimit)
	path, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if err != nil || !ok {
		return ""
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(top, path)
	}
	shared, err := safefile.Read(filepath.Join(path, "commondir"), safefile.DocumentLimit)
	if err != nil {
		return path
	}
	if common := strings.TrimSpace(string(shared)); filepath.IsAbs(common) {
		return common
	}
	return filepath.Join(path, strings.TrimSpace(string(shared)))
}
