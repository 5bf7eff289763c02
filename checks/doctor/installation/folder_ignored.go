package installation

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/trust"
)

func folderIgnored(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "folder.ignored", Title: "git ignores files with keys",
		Needs: []string{"config.valid"}, Timeout: subject.Patience,
		Run: func(ctx context.Context) checks.Outcome {
			top, ok := findWorkTree(s.Config.Dir)
			if !ok {
				return checks.Skipped("%s is not in a git work tree", s.ShortPath(s.Config.Dir))
			}
			if s.ConfigFile == "" && !s.WasStarted() {
				return checks.Skipped("nothing was started here yet")
			}
			unignored, err := findUnignored(ctx, s, top)
			switch {
			case errors.Is(err, exec.ErrNotFound):
				return checks.Skipped("git is not installed")
			case err != nil:
				return checks.Failed("git check-ignore: %v", err)
			case len(unignored) == 0:
				return checks.Passed(nil)
			}
			return describeUnignored(s, unignored)
		},
		Mend: func(ctx context.Context) ([]string, error) { return appendUnignored(ctx, s) },
	}
}

// describeUnignored returns the failure about files with keys that git would take.
func describeUnignored(s *subject.Subject, unignored []string) checks.Outcome {
	o := checks.Failed("").
		WithDetail(subject.PathsDetail{Note: checks.Notef("git would take: %s", s.ShortPaths(unignored)), Paths: unignored})
	if len(lo.Without(unignored, s.Config.File)) == 0 {
		return o.WithFix("",
			"keys are written in the configuration: move them into files (credentials: {upstream: {NAME: {file: …}}}), "+
				"and replace those that were committed")
	}
	return o.WithFix("mage doctor -fix", "add the lines to .gitignore; git rm --cached what is tracked already")
}

// appendUnignored adds the files with keys to the work tree's .gitignore.
func appendUnignored(ctx context.Context, s *subject.Subject) ([]string, error) {
	top, _ := findWorkTree(s.Config.Dir)
	unignored, err := findUnignored(ctx, s, top)
	if err != nil {
		return nil, err
	}
	// People commit the configuration: they decide whether to move the keys or to ignore the file.
	unignored = lo.Without(unignored, s.Config.File)
	lines := lo.Map(unignored, func(path string, _ int) string { return ignoreLine(top, path) })
	changed, err := scaffold.AppendIgnore(filepath.Join(top, ".gitignore"), lines...)
	if !changed {
		return nil, err
	}
	return []string{"added " + strings.Join(lines, ", ") + " to " + s.ShortPath(filepath.Join(top, ".gitignore"))}, err
}

// findWorkTree returns the top of the git work tree that holds dir.
func findWorkTree(dir string) (string, bool) {
	for ; ; dir = filepath.Dir(dir) {
		if subject.Exists(filepath.Join(dir, ".git")) {
			return dir, true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// findUnignored returns the files and folders with keys in the work tree that git would
// track. It asks git about a file inside each folder: rules such as /.router/ match
// folders only, and the folder may not exist yet.
func findUnignored(ctx context.Context, s *subject.Subject, top string) ([]string, error) {
	byProbe := map[string]string{}
	var asked []string
	top = trust.RealPath(top)
	for path, probe := range pathsWithKeys(s) {
		at := filepath.Join(trust.RealPath(path), probe) // git refuses to look behind a link, and takes only the link itself
		rel, err := filepath.Rel(top, at)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			continue
		}
		byProbe[at] = path
		asked = append(asked, at)
	}
	if len(asked) == 0 {
		return nil, nil
	}
	ignored, err := checkIgnore(ctx, top, asked)
	if err != nil {
		return nil, err
	}
	for _, path := range ignored {
		delete(byProbe, path)
	}
	unignored := slices.Compact(slices.Sorted(maps.Values(byProbe)))
	return lo.Reject(unignored, func(path string, _ int) bool { // one line for a folder covers what is in it
		return lo.SomeBy(unignored, func(other string) bool { return strings.HasPrefix(path, other+"/") })
	}), nil
}

// checkIgnore returns the paths that git ignores.
func checkIgnore(ctx context.Context, top string, paths []string) ([]string, error) {
	// git would wait for ever for a named pipe in the place of one of these files.
	for _, rules := range [...]string{".gitignore", filepath.Join(".git", "info", "exclude")} {
		f, err := safefile.Open(filepath.Join(top, rules))
		if err == nil {
			_ = f.Close()
		} else if errors.Is(err, safefile.ErrNotRegular) {
			return nil, err
		}
	}
	workTree := repo.Repo{Top: top}
	ignored, err := workTree.IgnoredPaths(ctx, paths)
	return lo.Filter(paths, func(path string, _ int) bool { return ignored[path] }), err
}

// pathsWithKeys returns the files and folders that hold keys, each folder with the name
// of a file that could be inside it.
func pathsWithKeys(s *subject.Subject) map[string]string {
	all := map[string]string{s.Config.Paths.Root(): "x", s.Config.Paths.RuntimeDir: "x"}
	for _, file := range filesWithKeys(s) {
		all[file] = ""
	}
	return all
}

// ignoreLine returns the line of a .gitignore at top that covers path.
func ignoreLine(top, path string) string {
	rel, _ := filepath.Rel(trust.RealPath(top), trust.RealPath(path))
	rel = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(rel) // a name, not a pattern
	if isFolder(path) {
		return "/" + rel + "/"
	}
	return "/" + rel
}

// isFolder reports whether path is a folder, links followed.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
