package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// TestTheTourInTheREADMEPrintsWhatItShows types the first console block's
// commands into a shell and compares what comes back, times apart.
func TestTheTourInTheREADMEPrintsWhatItShows(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir, ports := t.TempDir(), tourPorts(t)
	mage := "#!/bin/sh\nFLOWGATE_PROGRAM=mage exec " + binary + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "mage"), []byte(mage), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = shell(t, dir, "mage stop") })
	steps := tour(string(readme))
	if len(steps) < 7 {
		t.Fatalf("only %d steps found in the README", len(steps))
	}
	for _, s := range steps {
		command := strings.ReplaceAll(ports.Replace(s.command), "mage init ",
			"mage init -port="+ports.Replace("4000")+" -upstream-port="+ports.Replace("8317")+" ")
		out, err := shell(t, dir, command)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		want, rest := strings.CutSuffix(ports.Replace(s.output), "…\n")
		if got := withoutTimes(out); got != withoutTimes(want) && (!rest || !strings.HasPrefix(got, withoutTimes(want))) {
			t.Errorf("%s printed\n%s\nthe README shows\n%s", s.command, got, withoutTimes(want))
		}
	}
}

type tourStep struct{ command, output string }

// tour collects the commands of the console blocks up to the one that shows failures.
func tour(readme string) []tourStep {
	readme, _, _ = strings.Cut(readme, "When something is wrong")
	var steps []tourStep
	for _, m := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(readme, -1) {
		continued := false
		for line := range strings.Lines(m[1]) {
			command, isCommand := strings.CutPrefix(line, "$ ")
			last := len(steps) - 1
			switch {
			case isCommand:
				steps = append(steps, tourStep{command: command})
			case continued:
				steps[last].command += line
			default:
				steps[last].output += line
				continue
			}
			continued = strings.HasSuffix(line, "\\\n")
		}
	}
	return steps
}

func tourPorts(t *testing.T) *strings.Replacer {
	t.Helper()
	return strings.NewReplacer("4000", strconv.Itoa(tcptest.FreePort(t)), "8317", strconv.Itoa(tcptest.FreePort(t)))
}

func shell(t *testing.T, dir, command string) (string, error) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := cmd.Output()
	return string(out), err
}

var took = regexp.MustCompile(`\(\d+\.\d ms\)|in \d+ ms`)

func withoutTimes(s string) string { return took.ReplaceAllString(s, "(time)") }
