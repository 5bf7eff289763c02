package client_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
)

// keyWords says how a client gets the key.
var keyWords = map[string]string{
	client.KeyCommand:   "It executes a command that prints the key.",
	client.KeyReference: "Its file names the file with the key.",
	client.KeyVariable:  "It reads the key from the variable `%s`.",
	client.KeyFile:      "The key is in its file, or, where others can read that, in the variable `%s`.",
	client.KeyFileOnly:  "The key is in its file, since it takes it from nowhere else.",
}

// TestThePagesOfClientsAreMadeFromTheTable writes docs/client with -update.
func TestThePagesOfClientsAreMadeFromTheTable(t *testing.T) {
	t.Parallel()
	all, err := client.All()
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := filepath.Glob("../../docs/client/*.md")
	if len(pages) != len(all) && !*update {
		t.Errorf("%d pages of %d clients", len(pages), len(all))
	}
	for _, c := range all {
		file, want := filepath.Join("../../docs/client", c.Name+".md"), pageOf(t, c)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%s is not what the table says (%v): go test ./internal/client -run Table -update", file, err)
		}
		if link := "[`" + c.Name + "`](client/" + c.Name + ".md)"; !strings.Contains(string(index), link) {
			t.Errorf("docs/clients.md does not have %s", link)
		}
	}
}

// pageOf returns the page of a client.
func pageOf(t *testing.T, c client.Client) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nIt sends `%s`.", c.Title, c.Dialect)
	if c.Seen != "" {
		fmt.Fprintf(&b, " `mage test:clients` has version %s set up, asked and restored.", c.Seen)
	} else if len(c.Files) > 0 {
		b.WriteString(" Its settings are from its documentation and sources: no test runs it.")
	}
	b.WriteString("\n")
	if len(c.Files) > 0 {
		fmt.Fprintf(&b, "\n```sh\nmage client:setup %s -dry-run\nmage client:setup %[1]s\nmage client:restore %[1]s\n```\n\n",
			c.Name)
		fmt.Fprintln(&b, strings.ReplaceAll(keyWords[c.Key], "%s", c.Variable))
	}
	for _, f := range c.Files {
		fmt.Fprintf(&b, "\n## %s\n\n", fileOf(f))
		b.WriteString("| setting | value |\n|---|---|\n")
		for _, v := range f.Set {
			value, err := json.Marshal(v.Value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "| `%s` | `%s` |\n", strings.Join(v.Path, "."), value)
		}
	}
	for _, text := range []string{c.Steps, c.Note, c.Remarks} {
		if text != "" {
			fmt.Fprintf(&b, "\n%s.\n", strings.ToUpper(text[:1])+strings.TrimSuffix(text[1:], "."))
		}
	}
	if c.Page != "" {
		fmt.Fprintf(&b, "\nStep by step: [%s](../%[1]s).\n", c.Page)
	}
	b.WriteString("\nWhat `{root}`, `{model}` and the others stand for: [clients.md](../clients.md).\n")
	return b.String()
}

// fileOf returns where a file is, for people.
func fileOf(f client.File) string {
	base := "~"
	if f.HomeKind == "config" {
		base = "~/.config"
	}
	path := "`" + filepath.Join(base, f.Home, f.Name) + "`"
	if f.Variable != "" {
		path += ", or below `$" + f.Variable + "`"
	}
	return path
}
