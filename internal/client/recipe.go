package client

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Recipe is what people write themselves to point a client at the router, where Setup cannot:
// on another machine, in a file of somebody else, in a template. It has no key.
type Recipe struct {
	Client string       `json:"client"`
	Files  []RecipeFile `json:"files"`
	Shell  []string     `json:"shell"` // for a shell; the last line starts the client; none where that is not enough
	Note   string       `json:"note"`  // what else to know or to do
}

// RecipeFile is a file with nothing but what the client needs.
type RecipeFile struct {
	File   string      `json:"file"` // where the client looks for it
	Format edit.Format `json:"format"`
	Text   string      `json:"text"`
}

// keyWord stands for the key in the text of a file.
const keyWord = "KEY"

// Recipe returns what to write, by hand, in place of Setup. It reads and writes no file.
func (t Target) Recipe(c Client, getenv func(string) string) (Recipe, error) {
	r := Recipe{Client: c.Name, Files: []RecipeFile{}, Shell: t.shellLines(c), Note: c.Note}
	t.Key = keyWord
	if len(c.Files) == 0 {
		r.Note = t.Steps(c)
	}
	for _, f := range c.Files {
		var text []byte
		var err error
		for _, v := range t.values(f) {
			if text, _, err = v.set(f.Format, text); err != nil {
				return Recipe{}, err
			}
		}
		r.Files = append(r.Files, RecipeFile{f.Path(getenv), f.Format, string(text)})
	}
	switch c.Key {
	case KeyFile, KeyFileOnly:
		r.Note = joinNotes(r.Note, keyWord+" stands for the key, which "+t.KeyCommand()+" prints")
	case KeyVariable:
		r.Note = joinNotes(r.Note, c.keyAdvice(t))
	}
	return r, nil
}

// shellLines returns the lines that start a client, in a shell of a person who has the file with
// the key, as client:run does.
func (t Target) shellLines(c Client) []string {
	lines := []string{}
	if c.Run == nil || len(c.Run.Environment)+len(c.Run.Arguments) == 0 {
		return lines
	}
	if len(c.Run.Unset) > 0 {
		lines = append(lines, "unset "+strings.Join(c.Run.Unset, " "))
	}
	set := maps.Clone(c.Run.Environment)
	if set == nil {
		set = map[string]string{}
	}
	if strings.Contains(fmt.Sprint(c.Run.Environment, c.Run.Arguments), "{key_variable}") {
		set[defaultVariable] = "{key}"
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		lines = append(lines, "export "+name+"="+t.quote(set[name]))
	}
	words := []string{c.Programs[0]}
	for _, argument := range c.Run.Arguments {
		words = append(words, t.quote(argument))
	}
	return append(lines, strings.Join(words, " "))
}

// quote returns a text of the table as one word of a shell, in which the key is what its command
// prints.
func (t Target) quote(template string) string {
	var word strings.Builder
	for i, part := range strings.Split(template, "{key}") {
		if i > 0 {
			word.WriteString(`"$(` + t.KeyCommand() + `)"`)
		}
		if part != "" {
			word.WriteString("'" + strings.ReplaceAll(t.fill(part), "'", `'\''`) + "'")
		}
	}
	return word.String()
}

// joinNotes returns two sentences as one text; either may be empty.
func joinNotes(first, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + "; " + second
}

// Print implements report.Printed: the text of each file under its name, then the lines for a
// shell.
func (r Recipe) Print(p *terminal.Printer) {
	for _, f := range r.Files {
		p.Note(terminal.Plain, r.Client+": "+f.File)
		p.Block(0, strings.TrimSuffix(f.Text, "\n"))
	}
	if len(r.Shell) > 0 {
		where := ": in a shell, for one run"
		if len(r.Files) > 0 {
			where = ": or" + strings.TrimPrefix(where, ":")
		}
		p.Note(terminal.Plain, r.Client+where)
	}
	for _, line := range r.Shell {
		p.Command(0, line)
	}
	p.Field(r.Client, r.Note)
}
