package rewrite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// excludeBackups has git leave out the backups of a file that lies in a work
// tree, by a line in the repository's info/exclude: they hold what the file
// holds, and no .gitignore of an older installation names them. A repository that
// cannot be written stays as it is; doctor's folder.ignored looks at the rest.
func excludeBackups(file string) {
	top, gitDir := findRepository(filepath.Dir(file))
	rel, err := filepath.Rel(top, file)
	if gitDir == "" || err != nil {
		return
	}
	line := "/" + strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[",
		`\[`).Replace(filepath.ToSlash(rel)) + ".bak-*\n"
	path := filepath.Join(gitDir, "info", "exclude")
	have, _ := safefile.Read(path, safefile.DocumentLimit)
	if bytes.Contains(append([]byte("\n"), have...), []byte("\n"+line)) {
		return
	}
	if len(have) > 0 && have[len(have)-1] != '\n' {
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

// findRepository finds the work tree that a folder lies in and the folder that its
// repository's worktrees share; both are "" where there is none.
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

// commonGitDir reads where the .git file of a worktree or submodule leads.
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
