// Package tripwire_test runs every target with every flag in a checkout in
// which everything that could be executed, imported, written or dialled is a
// tripwire: none may fire, and nothing outside may change. New targets and flags
// take part by themselves; those that are left out stand in exempt, with why.
package tripwire_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

// compiled names the program to processes of package rights.
const compiled = "FLOWGATE_TEST_COMPILED"

var binary string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fg-trip-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	_ = os.Chmod(dir, 0o755)
	if binary = os.Getenv(compiled); binary == "" {
		if binary, err = subprocess.CompileFlowGate(context.Background(), "../..", dir); err != nil {
			panic(err)
		}
		_ = os.Setenv(compiled, binary)
		defer endStacks()
	}
	return trusttest.Run(m)
}

// endStacks ends what `smoke -keep` left running in folders that are gone.
func endStacks() {
	programs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range programs {
		if path, err := os.Readlink(link); err != nil || path != binary {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// values are what stands for the positions and flags of a usage line; a name that
// is not here gets "x", and a port a free one: some targets listen on it. Those for the provider and the number are planted.
var values = map[string]string{
	"PROVIDER": "codex", "CLIENT": "codex", "ACCOUNT": "codex-x", "NAME": "p", "A": "1", "B": "2", "NUMBER": "1", "ID": "config.valid",
	"EXPR":    ".",
	"RUNTIME": "litellm", "SERVICE": "litellm", "TARGET": "status", "DRILL": "pid-stale", "INT": "1", "DURATION": "1s",
	"-range": "HEAD~1..HEAD", "-only": "folder.*", "-skip": "network.*", "-settings": "config/flowgate.yaml",
	"-from":    "./tool",
	"-version": "1.0.0", "-source": "config", "-baseline": "baseline.json", "-format": "json", "-level": "info",
	"-runtime":  "litellm",
	"-upstream": "cliproxyapi", "-url": "http://127.0.0.1:1", "-profile": "p",
	"-file": "tool",
	"-by":   "session", "-as": "csv", "-since": "24h", "-until": "1h", "-within": "24h", "-max-cost": "1", "-max-tokens": "1",
	"-budget": "1", "-period": "1d", "-expires": "30d", "-routes": "/metrics",
}

// exempt are targets and flags that do what they are told in this folder, by
// the words of the user who types them.
var exempt = map[string]string{
	"init -force":                    "writes a configuration of its own over the one that is there",
	"trust":                          "is the user's word",
	"deploy:image -out":              "writes the folder that the user names",
	"security-check -write-baseline": "writes the file that the user names",
	"auth:export -dest":              "writes the file that the user names",
	"security:install-hook":          "writes the hook that the user asks for",
	"security:canary":                "is a stack of its own, and a trial of half a minute",
	"drill":                          "is a stack of its own; one drill is run",
	"soak":                           "is a stack of its own; soak -duration is run",
	"soak -clients":                  "is a stack of its own; soak -duration is run",
	"supervisor:run -ephemeral":      "removes the folder that its caller made",
	"router:serve -settings":         "serves the file that the user names",
	"router:serve":                   "needs its file",
	"release:notes":                  "reads a changelog",
}

// commands are the command lines to run: each target plain and with each flag.
func commands(t *testing.T) [][]string {
	t.Helper()
	out, err := exec.Command(binary, "help", "-format=json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Data struct {
			Targets []struct{ Name, Usage string }
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil || len(doc.Data.Targets) < 50 {
		t.Fatalf("%v: %s", err, out)
	}
	var all [][]string
	for _, target := range doc.Data.Targets {
		plain := []string{target.Name}
		var flags []string
		for _, word := range strings.Fields(target.Usage)[2:] {
			if !strings.HasPrefix(word, "[") {
				plain = append(plain, valueOf(word, word))
				continue
			}
			flags = append(flags, strings.Trim(word, "[]"))
		}
		for _, flag := range append([]string{""}, flags...) {
			words := plain
			if flag != "" {
				words = append(append([]string{}, plain...), fillIn(t, flag))
			}
			name, _, _ := strings.Cut(flag, "=")
			if exempt[strings.TrimSpace(target.Name+" "+name)] == "" {
				all = append(all, words)
			}
		}
	}
	return all
}

// fillIn returns a flag or optional position with a value.
func fillIn(t *testing.T, flag string) string {
	t.Helper()
	name, kind, hasValue := strings.Cut(flag, "=")
	switch {
	case name == "-port", name == "-upstream-port":
		return name + "=" + strconv.Itoa(tcptest.FreePort(t))
	case hasValue:
		return name + "=" + valueOf(name, kind)
	case strings.HasPrefix(flag, "-"):
		return flag
	}
	return valueOf(flag, flag)
}

func valueOf(name, kind string) string {
	for _, key := range []string{name, kind} {
		if v := values[key]; v != "" {
			return v
		}
	}
	return "x"
}

// write makes a file, and the folders above it.
func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}
