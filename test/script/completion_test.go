package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestShellsCompleteWhatCanBeTyped lets each shell that is installed complete a line by the
// script that completion prints for it.
func TestShellsCompleteWhatCanBeTyped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("cp", binary, filepath.Join(dir, "flowgate")).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	asked := map[string]string{
		// bash: COMPREPLY is what stands behind the last sign at which bash breaks words.
		// Its own completion of files is not there in a script.
		"bash": `source <(flowgate completion bash); COMP_LINE="$1" COMP_POINT=${#1}; COMP_WORDS=(flowgate); ` +
			`_flowgate; prefix="${1##* }"; prefix="${prefix%"${prefix##*[:=]}"}"; ` +
			`for w in "${COMPREPLY[@]}"; do echo "$prefix$w"; done`,
		// zsh: the builtins of its line editor are not there in a script; the words are what compadd would get.
		"zsh": `compdef() { }; compadd() { print -rl -- $found }; _files() { }; source <(flowgate completion zsh); ` +
			`words=("${(@s: :)1}"); CURRENT=${#words}; _flowgate`,
		"fish": `flowgate completion fish | source; complete -C "$argv[1]" | string replace -r '\t.*' ''; true`,
	}
	tried := 0
	for shell, script := range asked {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue // bash is everywhere where the tests run
		}
		tried++
		for line, want := range map[string]string{
			"flowgate prof":                               "profile:diff profile:list profile:set profile:show",
			"flowgate auth:logi":                          "auth:login",
			"flowgate profile ":                           "diff list set show",
			"flowgate profile set ":                       "balanced cost reliability",
			"flowgate profile:set rel":                    "reliability",
			"flowgate start ":                             "cliproxyapi_plus litellm",
			"flowgate restart -timeout 5 lit":             "litellm",
			"flowgate auth:login cod":                     "codex",
			"flowgate doctor -stri":                       "-strict",
			"flowgate doctor --onl":                       "--online --only",
			"flowgate status -format=js":                  "-format=json -format=jsonl",
			"flowgate status -format ju":                  "junit",
			"flowgate help config:sch":                    "config:schema",
			"flowgate help runb":                          "runbook",
			"flowgate auth:import claude -source ./flowg": "./flowgate",
			"flowgate completion ":                        "bash fish zsh",
		} {
			if shell != "fish" && strings.Contains(line, "./") {
				continue
			}
			args := []string{"-c", script, shell, line}
			if shell == "fish" {
				args = []string{"--no-config", "-c", script, line}
			}
			cmd := exec.Command(path, args...)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
			out, err := cmd.Output()
			words := strings.Fields(string(out))
			slices.Sort(words)
			if got := strings.Join(words, " "); got != want || err != nil {
				t.Errorf("%s completes %q by %q, not %q (%v)", shell, line, got, want, err)
			}
		}
	}
	if tried == 0 {
		t.Error("no shell was found")
	}
}
