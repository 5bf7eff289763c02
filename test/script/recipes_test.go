package script_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what docs/recipes.md shows")

const recipes = root + "/docs/recipes.md"

// TestTheRecipesPrintWhatTheyShow types every recipe, in order, into a shell.
func TestTheRecipesPrintWhatTheyShow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(recipes)
	if err != nil {
		t.Fatal(err)
	}
	dir, ports := kitchen(t)
	blocks := regexp.MustCompile("(?s)```console\n.*?```")
	typed := 0
	got := blocks.ReplaceAllStringFunc(string(text), func(block string) string {
		var b strings.Builder
		for _, s := range tour(block) {
			typed++
			out, _ := shell(t, dir, ports.Replace(s.command)) // many of them end in a failure, which is what they show
			b.WriteString("$ " + s.command + withPorts(out, ports))
		}
		return "```console\n" + b.String() + "```"
	})
	if typed < 20 {
		t.Fatalf("only %d commands in %s", typed, recipes)
	}
	if *update {
		if err := os.WriteFile(recipes, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(text) {
		t.Errorf("%s shows something else than\n%s", recipes, got)
	}
}

// kitchen is the repository that the recipes speak of.
func kitchen(t *testing.T) (string, *strings.Replacer) {
	t.Helper()
	dir, ports := t.TempDir(), tourPorts(t)
	mage := "#!/bin/sh\nFLOWGATE_PROGRAM=mage exec " + binary + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "mage"), []byte(mage), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = shell(t, dir, "mage stop") })
	for _, line := range []string{
		"mkdir home && git init -q -b main . && git config user.name a && git config user.email a@b",
		ports.Replace("mage init start -port=4000 -upstream-port=8317 || mage init -port=4000 -upstream-port=8317 && mage " +
			"start"),
		"mage security-check -only=files.ignored -fix -jq empty && printf '/mage\\n/home/\\n*.json\\nverify.xml\\n' >> " +
			".gitignore",
		"git add . && git commit -qm start && chmod 644 .router/secrets/gateway.key",
		"echo 'token = \"ghp_0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwQr\"' > notes.txt",
	} {
		if out, err := shell(t, dir, line); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	return dir, ports
}

// withPorts returns output as the document has it, with the usual ports.
func withPorts(out string, ports *strings.Replacer) string {
	return strings.NewReplacer(ports.Replace("4000"), "4000", ports.Replace("8317"), "8317").Replace(out)
}
