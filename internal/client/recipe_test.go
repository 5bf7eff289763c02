package client_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
)

func TestARecipeIsWhatSetupWritesIntoAnEmptyFileWithoutTheKey(t *testing.T) {
	t.Parallel()
	for _, c := range withFiles(t) {
		h := newHome(t)
		getenv := h.options().Getenv
		recipe, err := router.Recipe(c, getenv)
		if err != nil || len(recipe.Files) != len(c.Files) {
			t.Fatalf("%s: %+v, %v", c.Name, recipe, err)
		}
		if _, err := os.Lstat(h.env["XDG_STATE_HOME"]); err == nil {
			t.Errorf("%s: a record was written", c.Name)
		}
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		for _, f := range recipe.Files {
			written := strings.ReplaceAll(h.read(f.File), router.Key, "KEY")
			if f.Text != written {
				t.Errorf("%s: %s\n%q\nand Setup writes\n%q", c.Name, f.File, f.Text, written)
			}
		}
		hasKey := strings.Contains(recipe.Files[len(recipe.Files)-1].Text+recipe.Files[0].Text, "KEY")
		isNamed := strings.Contains(recipe.Note, "KEY stands for") && strings.Contains(recipe.Note, router.KeyCommand())
		if inFile := c.Key == client.KeyFile || c.Key == client.KeyFileOnly; inFile != isNamed || inFile && !hasKey {
			t.Errorf("%s: the note is %q", c.Name, recipe.Note)
		}
		if c.Key == client.KeyVariable && !strings.Contains(recipe.Note, "export "+c.Variable) {
			t.Errorf("%s: the note is %q", c.Name, recipe.Note)
		}
	}
}

// TestTheLinesOfARecipeStartTheClientAsARunDoes has a shell execute the lines.
func TestTheLinesOfARecipeStartTheClientAsARunDoes(t *testing.T) {
	t.Parallel()
	all, err := client.All()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range all {
		target := router
		target.KeyFile = filepath.Join(t.TempDir(), "it's a key")
		if err := os.WriteFile(target.KeyFile, []byte(target.Key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		recipe, err := target.Recipe(c, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		if c.Run == nil || len(c.Run.Environment)+len(c.Run.Arguments) == 0 {
			if len(recipe.Shell) > 0 {
				t.Errorf("%s: %q", c.Name, recipe.Shell)
			}
			continue
		}
		tried++
		if text := strings.Join(recipe.Shell, "\n"); strings.Contains(text, target.Key) {
			t.Errorf("%s: the key is in\n%s", c.Name, text)
		}
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, c.Programs[0]),
			[]byte("#!/bin/sh\n/usr/bin/env | LC_ALL=C sort\nprintf 'argument %s\\n' \"$@\"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		shell := exec.Command("/bin/sh", "-c", strings.Join(recipe.Shell, "\n"))
		shell.Env = []string{"PATH=" + bin + ":/usr/bin:/bin"}
		for _, name := range c.Run.Unset {
			shell.Env = append(shell.Env, name+"=wins")
		}
		out, err := shell.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", c.Name, err, out)
		}
		env, arguments := target.Environment(c, nil)
		mentioned := strings.Join(arguments, " ") + strings.Join(slices.Collect(maps.Values(c.Run.Environment)), " ")
		for _, entry := range env {
			name, _, _ := strings.Cut(entry, "=")
			_, isSet := c.Run.Environment[name]
			wanted := isSet || name == "FLOWGATE_KEY" && (strings.Contains(mentioned, "FLOWGATE_KEY") ||
				strings.Contains(mentioned, "{key_variable}"))
			if got := strings.Contains("\n"+string(out), "\n"+entry+"\n"); got != wanted {
				t.Errorf("%s: %s is set: %v, wanted: %v\n%s", c.Name, name, got, wanted, out)
			}
		}
		for _, name := range c.Run.Unset {
			if strings.Contains("\n"+string(out), "\n"+name+"=") {
				t.Errorf("%s: %s is still set", c.Name, name)
			}
		}
		for _, argument := range arguments {
			if !strings.Contains(string(out), "argument "+argument+"\n") {
				t.Errorf("%s: no argument %q in\n%s", c.Name, argument, out)
			}
		}
	}
	if tried < 6 {
		t.Errorf("only %d clients were tried", tried)
	}
}

func TestARecipeOfAClientWithoutAFileIsItsSteps(t *testing.T) {
	t.Parallel()
	recipe, err := router.Recipe(find(t, "cursor"), func(string) string { return "" })
	if err != nil || len(recipe.Files) != 0 || len(recipe.Shell) != 0 || !strings.Contains(recipe.Note, router.Root+"/v1") {
		t.Errorf("%+v, %v", recipe, err)
	}
}
