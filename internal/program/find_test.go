package program_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/program"
)

func TestTheProgramIsNamedAsItWasTyped(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"flowgate", "mage", "go"} {
		if err := os.WriteFile(filepath.Join(bin, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Chdir(dir)
	const hashed, goCache = "/home/ada/.magefile/74c2843", "/home/ada/.cache/go-build/ab/ab12-d/"
	ciCache := "/builds/ada/cache/ab/ab" + strings.Repeat("12", 31) + "-d/" // as GOCACHE=/builds/ada/cache has it
	for name, c := range map[string]struct {
		executable, args string
		parents          []string
		want             string
	}{
		"on PATH":         {bin + "/flowgate", "flowgate status", nil, "flowgate"},
		"relative path":   {bin + "/flowgate", "./bin/flowgate status", nil, "./bin/flowgate"},
		"full path":       {bin + "/flowgate", bin + "/flowgate status", nil, bin + "/flowgate"},
		"executed by fd":  {bin + "/flowgate", "/proc/self/exe status", nil, bin + "/flowgate"},
		"not on PATH":     {bin + "/flowgate", "elsewhere status", nil, bin + "/flowgate"},
		"mage":            {hashed, hashed + " init start", []string{"mage init start"}, "mage"},
		"mage elsewhere":  {hashed, hashed + " start", []string{"mage -d /src start"}, "mage -d /src"},
		"mage by path":    {hashed, hashed + " start", []string{bin + "/mage start"}, "mage"},
		"mage of a shell": {hashed, hashed + " start", []string{"/opt/x/mage start"}, "/opt/x/mage"},
		"go tool mage": {hashed, hashed + " start", []string{goCache + "mage start", "go tool mage start"},
			"go tool mage"},
		"go tool mage, GOCACHE": {hashed, hashed + " start", []string{ciCache + "mage start", "go tool mage start"},
			"go tool mage"},
		"go tool flowgate, GOCACHE": {ciCache + "flowgate", ciCache + "flowgate status",
			[]string{"go tool flowgate status"}, "go tool flowgate"},
		"go by path": {hashed, hashed + " start", []string{goCache + "mage start", bin + "/go tool mage start"},
			"go tool mage"},
		"another go": {hashed, hashed + " start", []string{goCache + "mage start", "/sdk/bin/go tool mage start"},
			"/sdk/bin/go tool mage"},
		"go -C": {hashed, hashed + " start", []string{goCache + "mage start", "go -C /src tool mage start"},
			"go -C /src tool mage"},
		"parents are hidden":  {hashed, hashed + " start", nil, "go tool mage"},
		"parents say nothing": {hashed, hashed + " start", []string{"init", "sh -c x"}, "go tool mage"},
		"go tool flowgate": {goCache + "flowgate", goCache + "flowgate status", []string{"go tool flowgate status"},
			"go tool flowgate"},
		"go run": {goCache + "flowgate", goCache + "flowgate status", []string{"go run ./cmd/flowgate status"},
			"go run ./cmd/flowgate"},
		"go tool, hidden": {goCache + "flowgate", goCache + "flowgate status", nil, "go tool flowgate"},
	} {
		var parents [][]string
		for _, line := range c.parents {
			parents = append(parents, strings.Fields(line))
		}
		started := program.Started{
			Args: strings.Fields(c.args), Executable: c.executable,
			Getenv: func(string) string { return "" }, Parents: func() [][]string { return parents },
		}
		if got := program.Find(started); got != c.want {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
		started.Prefix = "fg"
		if got := program.Find(started); got != c.want+" fg:" {
			t.Errorf("%s under a prefix: %q", name, got)
		}
		started.Getenv = func(name string) string { return map[string]string{program.Variable: "docker exec fg"}[name] }
		if got := program.Find(started); got != "docker exec fg" {
			t.Errorf("%s with the variable: %q", name, got)
		}
	}
}

func TestACacheOfMageElsewhereIsKnown(t *testing.T) {
	got := program.Find(program.Started{
		Args: []string{"/cache/m/1234", "start"}, Executable: "/cache/m/1234",
		Getenv:  func(name string) string { return map[string]string{"MAGEFILE_CACHE": "/cache/m/"}[name] },
		Parents: func() [][]string { return [][]string{{"mage", "start"}} },
	})
	if got != "mage" {
		t.Error(got)
	}
}
