package script_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThePagesOfProvidersSetThemUp types the commands of each page of docs/upstream up to
// mage start, and config:check in its place. Pages of servers on this machine need one:
// TestThePagesOfServersOnThisMachineSetThemUp has doubles of them.
func TestThePagesOfProvidersSetThemUp(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(root + "/docs/upstream/*.md")
	if err != nil || len(pages) < 25 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	needsServer := regexp.MustCompile(`(?m)^\$ mage init -upstream=(ollama|lmstudio|llamafile|cliproxyapi)$`)
	typed := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if needsServer.Match(text) {
			continue
		}
		typed++
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			t.Parallel()
			typePage(t, string(text))
		})
	}
	if typed < 20 {
		t.Errorf("only %d pages were typed", typed)
	}
}

// typePage types the commands of a page in a new folder.
func typePage(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	mage := "#!/bin/sh\nFLOWGATE_PROGRAM=mage exec " + binary + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "mage"), []byte(mage), 0o700); err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(text, "```console\n")
	block, _, _ = strings.Cut(block, "```")
	var lines []string
	for line := range strings.Lines(block) {
		command := strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		if command == "mage start" {
			break
		}
		lines = append(lines, strings.Replace(command, "…", "0123456789abcdef", 1))
	}
	lines = append(lines, "mage config:check -jq '[.ok, (.data.warnings | length), .data.deployments[0].serves]'")
	out, err := shell(t, dir, strings.Join(lines, " && "))
	if err != nil || !strings.HasSuffix(strings.Join(strings.Fields(out), ""), "[true,0,true]") {
		t.Errorf("%s: %v\n%s", strings.Join(lines, "\n"), err, out)
	}
}
