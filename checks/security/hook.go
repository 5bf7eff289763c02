package security

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
	"github.com/flowgate-go/flowgate/internal/regular"
	"github.com/flowgate-go/flowgate/internal/repo"
)

// Hook is what InstallHook did.
type Hook struct {
	Hook    string `json:"hook"`
	Changed bool   `json:"changed"`
	Chained string `json:"chained,omitempty"` // the hook that was there, which runs first
}

// mark says which hook is ours, on its second line.
const mark = "# FlowGate's pre-commit hook: mage security:install-hook"

// InstallHook writes a pre-commit hook that stops a commit whose changes hold a
// secret. One that is there already runs before it. program is what executes
// this program's targets. Faults: git-failed, hook-failed.
func InstallHook(ctx context.Context, cwd, program string) (Hook, error) {
	r, err := repo.Open(ctx, cwd)
	if err != nil {
		return Hook{}, fault.New("git-failed", "install a hook: %w", err).WithHint("run it inside a git repository")
	}
	dir, err := r.Hooks(ctx)
	if err != nil {
		return Hook{}, fault.New("hook-failed", "find the folder of git's hooks: %w", err)
	}
	h := Hook{Hook: filepath.Join(dir, "pre-commit")}
	if err := h.install(program); err != nil {
		return Hook{}, fault.New("hook-failed", "install the hook %s: %w", h.Hook, err)
	}
	return h, nil
}

func (h *Hook) install(program string) error {
	old, err := regular.Read(h.Hook)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before := h.Hook + ".before-flowgate"
	ours := strings.Contains(string(old), mark)
	if _, err := os.Lstat(before); err == nil {
		h.Chained = before
	}
	if len(old) > 0 && !ours {
		if h.Chained != "" {
			return fmt.Errorf("it is not FlowGate's, and %s is there already: join the two by hand", before)
		}
		if err := os.Rename(h.Hook, before); err != nil {
			return err
		}
		h.Chained = before
	}
	text := script(program, h.Chained != "")
	if h.Changed = string(old) != text; !h.Changed {
		return nil
	}
	return renameio.WriteFile(h.Hook, []byte(text), 0o755)
}

func script(program string, chained bool) string {
	first := ""
	if chained {
		first = "\"$0.before-flowgate\" \"$@\" || exit\n"
	}
	return "#!/bin/sh\n" + mark + "\n" + first +
		"exec " + quoted(program) + " security-check -staged -only='secrets.staged,files.tracked' -format=text >&2\n"
}

// quoted is a word that a shell takes as it is; words of letters stay bare.
func quoted(word string) string {
	if word == "go tool mage" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
