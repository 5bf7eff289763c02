package script_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// actionRun is what a run of the action's script leaves behind.
type actionRun struct {
	log, outputs string
	reports      []string // SARIF files
	exit         int
}

// runAction runs the script of the action in dir, as a workflow does.
func runAction(t *testing.T, dir, targets, sarif string) actionRun {
	t.Helper()
	temp := t.TempDir()
	output := filepath.Join(temp, "output")
	script, err := filepath.Abs(filepath.Join(root, ".github/action/run.sh"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command("bash", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &log, &log
	cmd.Env = append(os.Environ(), "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+output, "FLOWGATE_PROGRAM="+binary,
		"FLOWGATE_TARGETS="+targets, "FLOWGATE_SARIF="+sarif, "CI=true")
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	outputs, _ := os.ReadFile(output)
	reports, _ := filepath.Glob(filepath.Join(temp, "flowgate/sarif/*.sarif"))
	return actionRun{log.String(), string(outputs), reports, cmd.ProcessState.ExitCode()}
}

// plantedRepository returns a git repository with a secret that security-check finds.
func plantedRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	secret := "gh" + "p_" + "R2D2c3poBB8kyloRen1977Padme42AnakinQr"[:36]
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("token = "+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheActionRunsEveryTargetAndFailsIfOneDid(t *testing.T) {
	t.Parallel()
	r := runAction(t, plantedRepository(t), "security-check -only=secrets.tree\n\n  version  \n", "false")
	if r.exit != 1 || !strings.Contains(r.log, "::error file=notes.txt,line=1,title=github-pat::") ||
		!strings.Contains(r.log, "::group::flowgate version\n") || len(r.reports) != 0 ||
		!strings.Contains(r.outputs, "version=") || strings.Contains(r.outputs, "reports=") {
		t.Errorf("%+v", r)
	}
}

func TestTheActionMakesSARIFOfFindings(t *testing.T) {
	t.Parallel()
	r := runAction(t, plantedRepository(t), "version\nsecurity-check -only=secrets.tree", "true")
	if r.exit != 1 || len(r.reports) != 1 || !strings.Contains(r.outputs, "reports="+filepath.Dir(r.reports[0])+"\n") {
		t.Fatalf("%+v", r)
	}
	if doc, err := os.ReadFile(r.reports[0]); err != nil || !bytes.Contains(doc, []byte(`"ruleId":"github-pat"`)) {
		t.Errorf("%v: %s", err, doc)
	}
}

func TestTheActionExpandsNothingAndRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for targets, exit := range map[string]int{
		"version; touch pwned":         2,
		"version $(touch pwned)":       2,
		"version -jq=`touch pwned`":    2,
		"security-check -no-such-flag": 2,
		"\n  \n":                       2,
	} {
		dir := t.TempDir()
		r := runAction(t, dir, targets, "true")
		if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil || len(r.reports) != 0 {
			t.Errorf("%q did more than run a target: %+v", targets, r)
		}
		if r.exit != exit {
			t.Errorf("%q: exit %d\n%s", targets, r.exit, r.log)
		}
	}
}

// TestTheActionPassesWhatItsScriptsRead compares the names in action.yml with those that
// the scripts use.
func TestTheActionPassesWhatItsScriptsRead(t *testing.T) {
	t.Parallel()
	var action struct {
		Inputs  map[string]any
		Outputs map[string]struct{ Value string }
		Runs    struct {
			Steps []struct {
				ID  string
				Run string
				Env map[string]string
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err == nil {
		err = yaml.Unmarshal(text, &action)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name := range action.Inputs {
		if !strings.Contains(string(text), "inputs."+name+" ") {
			t.Errorf("the input %s is not used", name)
		}
	}
	seen := 0
	for _, step := range action.Runs.Steps {
		_, script, ok := strings.Cut(step.Run, "$GITHUB_ACTION_PATH/")
		if !ok {
			continue
		}
		seen++
		code, err := os.ReadFile(filepath.Join(root, strings.Trim(script, "\"")))
		if err != nil {
			t.Fatal(err)
		}
		for name := range step.Env {
			if !bytes.Contains(code, []byte(name)) {
				t.Errorf("%s does not read %s", script, name)
			}
		}
		for name, output := range action.Outputs {
			if strings.Contains(output.Value, "steps."+step.ID+".") && !bytes.Contains(code, []byte(name+"=")) {
				t.Errorf("%s does not write the output %s", script, name)
			}
		}
	}
	if seen != 2 {
		t.Errorf("action.yml has %d steps with scripts", seen)
	}
}
