// Package hook installs the pre-commit hook that stops a commit whose changes hold a secret:
// Install. A hook that is there already runs before it.
package hook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Installed is what Install did.
type Installed struct {
	Hook    string `json:"hook"`
	Changed bool   `json:"changed"`
	Chained string `json:"chained,omitempty"` // the hook that was there, which runs first
}

// firstComment is the second line of a hook that FlowGate wrote, which identifies it.
const firstComment = "# FlowGate's pre-commit hook: mage security:install-hook"

// Install writes a pre-commit hook that stops a commit whose changes hold a
// secret. A hook that is there already runs before it. command is the shell command that
// runs security-check. Faults: git-failed, hook-failed.
func Install(ctx context.Context, cwd, command string) (Installed, error) {
	r, err := repo.Open(ctx, cwd)
	if err != nil {
		return Installed{}, fault.New("git-failed", "install a hook: %w", err).WithHint("run it inside a git repository")
	}
	hooks, err := r.Hooks(ctx)
	if err != nil {
		return Installed{}, fault.New("hook-failed", "find the folder of git's hooks: %w", err)
	}
	if err := checkHooksFolder(r, hooks); err != nil {
		return Installed{}, err
	}
	h := Installed{Hook: filepath.Join(hooks.Folder, "pre-commit")}
	err = os.MkdirAll(hooks.Folder, 0o755) //nolint:gosec // as git makes it
	if err == nil {
		err = h.write(command)
	}
	if err != nil {
		return Installed{}, fault.New("hook-failed", "install the hook %s: %w", h.Hook, err)
	}
	return h, nil
}

// checkHooksFolder refuses a folder of hooks that other repositories use too, and one
// that another tool writes.
func checkHooksFolder(r *repo.Repo, hooks repo.Hooks) error {
	run := program.Fix("mage security-check -staged -only='secrets.staged,files.tracked'")
	shared := hooks.Scope == "global" || hooks.Scope == "system"
	common := filepath.Dir(hooks.Folder)
	switch folder := trust.RealPath(hooks.Folder); {
	case shared:
		return fault.New("hook-failed", "the %s configuration of git sets core.hooksPath: a hook in %s would run in "+
			"every repository", hooks.Scope, hooks.Folder).
			WithHint("put `%s` into your own pre-commit there, or give this repository hooks of its own: git config "+
				"--local core.hooksPath %s", run, filepath.Join(r.Dir, "hooks"))
	case hooks.Scope != "" &&
		!trust.IsWithin(folder, trust.RealPath(r.Top)) && !trust.IsWithin(folder, trust.RealPath(r.Dir)):
		return fault.New("hook-failed", "core.hooksPath of this repository is %s, which is not in it", hooks.Folder).
			WithHint("put `%s` into the pre-commit there by hand, or unset it: git config --unset core.hooksPath", run)
	case isGenerated(folder):
		return fault.New("hook-failed", "%s is made by another tool, which writes it anew", hooks.Folder).
			WithHint("put `%s` into %s", run, filepath.Join(common, "pre-commit"))
	}
	return nil
}

// isGenerated reports whether a tool keeps the folder of hooks out of git, as
// husky does with .husky/_.
func isGenerated(folder string) bool {
	rules, err := safefile.Read(filepath.Join(folder, ".gitignore"), safefile.DocumentLimit)
	return err == nil && strings.TrimSpace(string(rules)) == "*" || strings.HasSuffix(folder, "/.husky/_")
}

// write writes the hook, after it has renamed a hook of others that is there.
func (h *Installed) write(command string) error {
	old, err := safefile.Read(h.Hook, safefile.DocumentLimit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before := h.Hook + ".before-flowgate"
	isOurs := strings.Contains(string(old), firstComment)
	if isOurs && !isUnchangedScript(string(old)) {
		return fmt.Errorf(
			"it was changed by hand since FlowGate wrote it: take the lines of your own into %s and remove it",
			before,
		)
	}
	if _, err := os.Lstat(before); err == nil {
		h.Chained = before
	}
	if len(old) > 0 && !isOurs {
		if h.Chained != "" {
			return fmt.Errorf("it is not FlowGate's, and %s is there already: join the two by hand", before)
		}
		if err := os.Rename(h.Hook, before); err != nil {
			return err
		}
		h.Chained = before
	}
	text := formScript(command, h.Chained != "")
	if h.Changed = string(old) != text; !h.Changed {
		return nil
	}
	return renameio.WriteFile(h.Hook, []byte(text), 0o755)
}

// formScript returns the text of the hook; chained says that another hook runs first.
func formScript(command string, chained bool) string {
	first := ""
	if chained {
		first = chainLine
	}
	return "#!/bin/sh\n" + firstComment + "\n" + first +
		"exec " + command + " -staged -only='secrets.staged,files.tracked' -format=text >&2\n"
}

// isUnchangedScript reports whether a hook is as formScript writes it, for any command.
func isUnchangedScript(text string) bool {
	rest, _ := strings.CutPrefix(text, "#!/bin/sh\n"+firstComment+"\n")
	rest = strings.TrimPrefix(rest, chainLine)
	return strings.HasPrefix(rest, "exec ") && strings.Count(rest, "\n") == 1 && strings.HasSuffix(rest, "\n")
}

// chainLine runs the hook that was there before.
const chainLine = "\"$0.before-flowgate\" \"$@\" || exit\n"
