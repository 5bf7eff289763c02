package program_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// command matches a command of FlowGate's own in a text of the source.
var command = regexp.MustCompile("(^|[ \\t\\n`'\"(:])mage [a-z]")

// rewriters are the functions that write a command in one of their arguments as the user
// typed the program, with the number of that argument.
var rewriters = map[string]int{
	"program.Text": 0, "program.Format": 0, "program.Fix": 0, "program.Command": 0,
	"WithHint": 0, "fault.New": 1, "fault.Usage": 1,
	"checks.Failed": 0, "checks.Warned": 0, "checks.Skipped": 0, "checks.Notef": 0, "WithFix": 0, "Warn": 3, // yamlnode.Diagnosis.Warn
}

// notCommands are texts that speak of mage itself, and one that is written into files.
var notCommands = []string{
	`"The mage on PATH has the version that FlowGate needs"`, `" is not mage itself, so its version is not known"`,
	`"# FlowGate's pre-commit hook: mage security:install-hook"`,
}

// TestEachCommandInTheSourceIsWrittenAsItWasTyped finds texts with `mage TARGET` in them that
// go to people as they are.
func TestEachCommandInTheSourceIsWrittenAsItWasTyped(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	found := 0
	for _, dir := range []string{"auth", "checks", "internal", "supervisor", "tasks"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, "_table.go") || strings.Contains(path, "internal/program/") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			rewritten := rewrittenTexts(file)
			ast.Inspect(file, func(n ast.Node) bool {
				text, ok := n.(*ast.BasicLit)
				if ok && slices.Contains(notCommands, text.Value) {
					return true
				}
				if !ok || text.Kind != token.STRING || !command.MatchString(text.Value[1:]) ||
					strings.Contains(text.Value, "go tool mage ") {
					return true
				}
				found++
				if !slices.Contains(rewritten, text) {
					t.Errorf("%s: %s is printed as it is: package program", files.Position(text.Pos()), text.Value)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 100 {
		t.Errorf("only %d texts with a command were found", found)
	}
}

// rewrittenTexts returns the string literals in the arguments that rewriters rewrite.
func rewrittenTexts(file *ast.File) (texts []*ast.BasicLit) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		i, rewrites := rewriters[calledName(call)]
		if !rewrites || i >= len(call.Args) {
			return true
		}
		ast.Inspect(call.Args[i], func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok {
				texts = append(texts, text)
			}
			return true
		})
		return true
	})
	return texts
}

// calledName returns "package.Function" for a function of rewriters, else the method's name.
func calledName(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := selector.X.(*ast.Ident); ok {
		if _, known := rewriters[pkg.Name+"."+selector.Sel.Name]; known {
			return pkg.Name + "." + selector.Sel.Name
		}
	}
	return selector.Sel.Name
}
