package script_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// installation is a folder with a running stack, and the binary.
type installation struct {
	t   *testing.T
	dir string
	env []string
}

func startInstallation(t *testing.T) *installation {
	t.Helper()
	in := initialised(t)
	in.run("start")
	return in
}

func initialised(t *testing.T, flags ...string) *installation {
	t.Helper()
	in := &installation{t: t, dir: t.TempDir()}
	in.env = append(os.Environ(), "HOME="+in.dir, "XDG_STATE_HOME="+filepath.Join(in.dir, "state"))
	t.Cleanup(func() { _, _ = in.runProgram(nil, "stop") })
	in.run(append(append([]string{"init"}, strings.Fields(freePorts(t))...), flags...)...)
	return in
}

type outcome struct {
	status int
	stdout string
	stderr string
}

func (in *installation) runProgram(env []string, args ...string) (outcome, error) {
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = in.dir, append(in.env, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	o := outcome{stdout: string(out), stderr: stderr.String()}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		o.status = exit.ExitCode()
		if exit.Sys().(syscall.WaitStatus).Signaled() {
			o.status = -1
		}
		err = nil
	}
	return o, err
}

func (in *installation) run(args ...string) outcome {
	in.t.Helper()
	o, err := in.runProgram(nil, args...)
	if err != nil || o.status != 0 {
		in.t.Fatalf("%v: %+v, %v", args, o, err)
	}
	return o
}

// files are the configuration, state, links and pointer that a change touches.
func (in *installation) files() map[string]string {
	in.t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"config/*.yaml", ".router/runtime/litellm.active.yaml", ".router/runtime/state.json",
		".router/generations/current", ".router/store/*/current"} {
		found, _ := filepath.Glob(filepath.Join(in.dir, pattern))
		for _, path := range found {
			if target, err := os.Readlink(path); err == nil {
				all[path] = target
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				in.t.Fatal(err)
			}
			all[path] = string(data)
		}
	}
	return all
}

// checkWhole expects that no change is half-done and that the router, running,
// serves what is on disk.
func (in *installation) checkWhole(title string) {
	in.t.Helper()
	var doc struct {
		Data struct {
			Profile  string
			Services []struct{ Ready bool }
		}
	}
	in.run("generation:pin", "1") // a command that changes something recovers, one that looks does not
	o := in.run("health")
	if err := json.Unmarshal([]byte(o.stdout), &doc); err != nil {
		in.t.Fatal(err)
	}
	_ = filepath.WalkDir(filepath.Join(in.dir, ".router", "generations"),
		func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "pending" {
				in.t.Errorf("%s: a journal is left", title)
			}
			return err
		})
	state, err := os.ReadFile(filepath.Join(in.dir, ".router/runtime/litellm.active.yaml"))
	if err != nil || !strings.Contains(string(state), "profile "+doc.Data.Profile+".") {
		in.t.Errorf("%s: the state says profile %s and the router's configuration another one", title, doc.Data.Profile)
	}
}

// rollbackSteps are the failpoints of a rollback that changes everything but a
// runtime, in their order, and whether the new state counts once one was reached.
var rollbackSteps = []struct {
	name string
	done bool
}{
	{"journal", false}, {"begun", false}, {"profile", false}, {"file:cliproxyapi", false}, {"file:flowgate", false},
	{"current", false}, {"restarted", false}, {"verified", false}, {"ended", true},
}

func TestARollbackKilledAtAnyStepLeavesOneWholeState(t *testing.T) {
	t.Parallel()
	in := startInstallation(t)
	in.changeFiles("balanced")
	in.run("restart")
	in.run("profile:set", "cost") // 1: start, 2: restart with other files, 3: another profile
	new := in.files()
	in.run("rollback", "-to=1")
	old := in.files()
	in.run("rollback", "-to=3")
	for _, step := range rollbackSteps {
		before := in.files()
		o, err := in.runProgram([]string{"FLOWGATE_FAILPOINT=" + step.name}, "rollback", "-to=1")
		if err != nil || o.status != -1 {
			t.Fatalf("%s: it was not killed there: %+v, %v", step.name, o, err)
		}
		next, err := in.runProgram(nil, "generation:pin", "1")
		if err != nil || next.status != 0 {
			t.Fatalf("%s: the next command: %+v, %v", step.name, next, err)
		}
		begun := !step.done && step.name != "journal"
		if said := strings.Contains(next.stderr, "rollback from generation 3 was interrupted"); said != begun {
			t.Errorf("%s: the next command said %q", step.name, next.stderr)
		}
		want := before
		if step.done {
			want = old
		}
		if got := in.files(); !maps.Equal(got, want) && !isSameBut(got, want, "state.json") {
			t.Errorf("%s: the files are neither old nor new:\n%v", step.name, diffFiles(got, want))
		}
		in.checkWhole(step.name)
	}
	in.run("rollback", "-to=3")
	if got := in.files(); !isSameBut(got, new, "state.json") {
		t.Errorf("there and back: %v", diffFiles(got, new))
	}
}

// installSteps and updateSteps are the failpoints of a version's way into the
// store and into its place, and whether the new version counts once one was reached.
var (
	installSteps = map[string]bool{"fetched": false, "unpacked": false, "added": true, "activated": true}
	updateSteps  = []struct {
		name string
		done bool
	}{
		{"installed", false}, {"probed", false}, {"journal", false}, {"begun", false}, {"runtime:litellm", false},
		{"restarted", false}, {"verified", false}, {"ended", true},
	}
)

// addRelease writes a double of LiteLLM that reads its configuration by the embedded router.
func (in *installation) addRelease(version string) string {
	in.t.Helper()
	path := filepath.Join(in.dir, "litellm-"+version)
	text := fmt.Sprintf("#!/bin/sh\n# %s\nexec %s router:serve -settings=\"$2\" -host=\"$4\" -port=\"$6\"\n", version,
		binary)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		in.t.Fatal(err)
	}
	return path
}

// version is what the router runs as.
func (in *installation) version() string {
	in.t.Helper()
	return strings.TrimSpace(in.run("status", "-jq", ".data.services[1].version", "-raw").stdout)
}

func TestAnInstallationKilledAtAnyStepIsWholeOrNot(t *testing.T) {
	t.Parallel()
	for name, done := range installSteps {
		in := &installation{t: t, dir: t.TempDir(), env: os.Environ()}
		from := in.addRelease("1.0.0")
		if o, err := in.runProgram([]string{"FLOWGATE_FAILPOINT=" + name}, "bootstrap", "litellm", "-from="+from,
			"-version=1.0.0"); err != nil || o.status != -1 {
			t.Fatalf("%s: it was not killed there: %+v, %v", name, o, err)
		}
		listed := strings.TrimSpace(in.run("bootstrap:list", "-jq", "[.data.runtimes[].name]|length").stdout) == "2"
		if listed != done {
			t.Errorf("%s: listed %v", name, listed)
		}
		in.run("bootstrap", "litellm", "-from="+from, "-version=1.0.0")
		if active := in.run("bootstrap:list", "-jq", ".data.runtimes[1].active").stdout; active != "true\n" {
			t.Errorf("%s: the next try did not make it whole: %s", name, active)
		}
	}
}

func TestAnUpdateKilledAtAnyStepLeavesOneWholeState(t *testing.T) {
	t.Parallel()
	in := initialised(t, "-runtime=litellm")
	in.run("bootstrap", "litellm", "-from="+in.addRelease("1.0.0"), "-version=1.0.0")
	in.run("start")
	in.run("bootstrap", "litellm", "-from="+in.addRelease("2.0.0"), "-version=2.0.0")
	for _, step := range updateSteps {
		before := in.files()
		o, err := in.runProgram([]string{"FLOWGATE_FAILPOINT=" + step.name}, "bootstrap:update", "litellm", "-version=2.0.0")
		if err != nil || o.status != -1 {
			t.Fatalf("%s: it was not killed there: %+v, %v", step.name, o, err)
		}
		in.run("generation:pin", "1")
		want := map[bool]string{false: "1.0.0", true: "2.0.0"}[step.done]
		if got := in.version(); got != want {
			t.Errorf("%s: the router runs as %s, want %s", step.name, got, want)
		}
		if got := in.files(); !step.done && !maps.Equal(got, before) {
			t.Errorf("%s: %v", step.name, diffFiles(got, before))
		}
		in.checkWhole(step.name)
	}
	in.run("rollback", "-to=1")
	if got := in.version(); got != "1.0.0" {
		t.Errorf("after the rollback it runs as %s", got)
	}
}

// TestTheTableOfFailpointsIsWhole compares what is tried with what is documented.
func TestTheTableOfFailpointsIsWhole(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(filepath.Join(root, "docs", "release-and-rollback.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Collect(maps.Keys(installSteps))
	for _, step := range slices.Concat(rollbackSteps, updateSteps) {
		names = append(names, step.name)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "runtime:") {
			name = "runtime:NAME"
		}
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/release-and-rollback.md does not have the failpoint %s", name)
		}
	}
}

func TestAnUndoThatIsKilledLeavesOneWholeState(t *testing.T) {
	t.Parallel()
	in := startInstallation(t)
	in.changeFiles("balanced")
	in.run("restart")
	in.run("profile:set", "cost")
	before := in.files()
	if o, err := in.runProgram([]string{"FLOWGATE_FAILPOINT=restarted"}, "rollback", "-to=1"); err != nil || o.status != -1 {
		t.Fatalf("%+v, %v", o, err)
	}
	for _, step := range []string{"undo:litellm.active.yaml", "undo:state.json", "undo:flowgate.yaml", "undo:current"} {
		if o, err := in.runProgram([]string{"FLOWGATE_FAILPOINT=" + step}, "generation:pin", "1"); err != nil || o.status != -1 {
			t.Fatalf("%s: it was not killed there: %+v, %v", step, o, err)
		}
	}
	in.run("generation:pin", "1")
	if got := in.files(); !maps.Equal(got, before) {
		t.Errorf("%v", diffFiles(got, before))
	}
	in.checkWhole("undone")
}

// changeFiles edits both files that people edit, without an effect on what runs.
func (in *installation) changeFiles(word string) {
	in.t.Helper()
	for _, name := range []string{"config/flowgate.yaml", "config/cliproxyapi.yaml"} {
		f, err := os.OpenFile(filepath.Join(in.dir, name), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = fmt.Fprintf(f, "\n# changed: %s\n", word)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			in.t.Fatal(err)
		}
	}
}

// isSameBut compares files without one whose content has a time in it.
func isSameBut(a, b map[string]string, name string) bool {
	strip := func(m map[string]string) map[string]string {
		out := maps.Clone(m)
		maps.DeleteFunc(out, func(path, _ string) bool { return filepath.Base(path) == name })
		return out
	}
	return maps.Equal(strip(a), strip(b))
}

func diffFiles(a, b map[string]string) []string {
	var names []string
	for path, text := range a {
		if b[path] != text {
			names = append(names, path)
		}
	}
	for path := range b {
		if _, ok := a[path]; !ok {
			names = append(names, path)
		}
	}
	return names
}
