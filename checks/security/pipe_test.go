package security_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/checks/security"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// A git that opens a named pipe waits for ever. Each check ends all the same,
// and does not say that all is well.
func TestANamedPipeInThePlaceOfAGitFileIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(g *repotest.Git) (pipe string){
		"rules of a folder": func(g *repotest.Git) string { g.Write("d/new.txt", "x\n"); return "d/.gitignore" },
		"attributes":        func(*repotest.Git) string { return ".gitattributes" },
		"an included file":  func(g *repotest.Git) string { g.Git("config", "include.path", "../pipe"); return "pipe" },
		"an order of files": func(g *repotest.Git) string { g.Git("config", "diff.orderFile", "pipe"); return "pipe" },
		"names of people":   func(*repotest.Git) string { return ".mailmap" },
	} {
		for _, mode := range []string{"tree", "staged", "history"} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				g := installation(t)
				g.Commit("a.txt", "one\n")
				g.Write("a.txt", planted)
				g.Git("add", "a.txt")
				g.Git("-c", "user.name=a", "stash", "create")
				if err := syscall.Mkfifo(filepath.Join(g.Dir, prepare(g)), 0o600); err != nil {
					t.Fatal(err)
				}
				o := options(g.Dir)
				o.Only, o.Staged, o.History = "secrets."+mode, mode == "staged", mode == "history"
				started := time.Now()
				checked, err := security.Run(t.Context(), o)
				if err == nil && status(checked, o.Only) != "fail" {
					t.Errorf("%s", status(checked, o.Only))
				}
				if took := time.Since(started); took > 90*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}
