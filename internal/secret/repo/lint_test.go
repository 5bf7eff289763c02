package repo_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestOnlyThisPackageMakesGitCommands reads the source of the whole module: a
// git command made elsewhere would not have the settings of Command.
func TestOnlyThisPackageMakesGitCommands(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path != root && strings.HasPrefix(d.Name(), ".") ||
			path == filepath.Join(root, "internal", "secret", "repo")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		case d.Name() == "mage_output_file.go": // mage writes and removes it while another test compiles
			return nil
		}
		seen++
		for _, at := range gitCommands(t, path, nil) {
			t.Errorf("%s makes a git command: call internal/secret/repo", at)
		}
		return nil
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d files, %v", seen, err)
	}
}

func TestTheLintSeesEveryFormOfAGitCommand(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		`exec.Command("git", "status")`, `exec.CommandContext(ctx, "git")`, `program.Command(ctx, "git")`,
		`exec.LookPath("git")`,
		`exec.Command("/usr/bin/git")`, `exec.Command("sh", "-c", "git status")`, `run("git")`, `exec.Cmd{Path: "git"}`,
	} {
		if found := gitCommands(t, "x.go", "package x\nvar _ = "+call+"\n"); len(found) != 1 {
			t.Errorf("%s: %v", call, found)
		}
	}
}

// gitCommands are the places in a file at which a text that runs git is an
// argument of a call or a field of a value.
func gitCommands(t *testing.T, path string, source any) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	look := func(all []ast.Expr) {
		for _, e := range all {
			if field, ok := e.(*ast.KeyValueExpr); ok {
				e = field.Value
			}
			literal, ok := e.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				continue
			}
			text, err := strconv.Unquote(literal.Value)
			word, rest, more := strings.Cut(text, " ")
			if err == nil && filepath.Base(word) == "git" && (!more || strings.HasPrefix(rest, "-") || isSubcommand(rest)) {
				found = append(found, files.Position(literal.Pos()).String())
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if !isMessage(n) {
				look(n.Args)
			}
		case *ast.CompositeLit:
			look(n.Elts)
		}
		return true
	})
	return found
}

// isSubcommand reports whether a sentence about git could be a command.
func isSubcommand(rest string) bool {
	word, _, _ := strings.Cut(rest, " ")
	for _, s := range [...]string{"status", "log", "diff", "show", "config", "ls-files", "rev-parse", "rev-list",
		"cat-file", "tag", "check-ignore", "fetch", "clone"} {
		if word == s {
			return true
		}
	}
	return false
}

// isMessage reports whether a call makes a text for people, which may name git.
func isMessage(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch name.Sel.Name {
	case "WithFix", "WithHint", "Failed", "Warned", "Skipped", "New", "Usage", "Errorf", "Sprintf":
		return true
	}
	return false
}
