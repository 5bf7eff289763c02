package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheScriptsOfThePythonToolRunTheTargets calls the scripts as they are called in the folder
// of a stack, with the variables that they read.
func TestTheScriptsOfThePythonToolRunTheTargets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	scripts, err := filepath.Abs(filepath.Join(root, "scripts"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-R", scripts, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	// A program that says how it was called.
	double := "#!/bin/sh\necho \"$(basename \"$PWD\") ${FLOWGATE_GATEWAY_KEY:-no key}: $*\"\n"
	for _, name := range []string{"flowgate", "mine"} {
		text := strings.ReplaceAll(double, "no key", "no key "+name)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]string{
		"doctor.sh -strict": "no key flowgate: doctor -strict",
		"PROFILE=cost STARTUP_TIMEOUT=30 smoke_local.sh -keep":      "no key flowgate: smoke -profile=cost -timeout=30 -keep",
		"SMOKE_CLIENT_API_KEY=k smoke_local.sh":                     "k: smoke",
		"PROFILE= smoke_local.sh 'a b'":                             "no key flowgate: smoke a b",
		"FLOWGATE=" + dir + "/mine security_check.sh -all -jq=.ok":  "no key mine: security-check -all -jq=.ok",
		"FLOWGATE=" + binary + " doctor.sh -only=none -jq .command": `"doctor"`,
	} {
		cmd := exec.Command("sh", "-c", line)
		cmd.Env = append(os.Environ(), "FLOWGATE_GATEWAY_KEY=", "PATH="+dir+":"+filepath.Join(dir, "scripts")+":"+os.Getenv("PATH"))
		cmd.Dir = "/"
		out, _ := cmd.Output()
		if got := strings.TrimPrefix(strings.TrimSpace(string(out)), filepath.Base(dir)+" "); got != want {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
}
