package client

import (
	"bytes"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Changed says what was done, or would be done, with the file of a client.
type Changed struct {
	Client  string   `json:"client"`
	File    string   `json:"file"`    // "" for a client without a suitable file
	Changed bool     `json:"changed"` // the file's content differs
	Diff    []string `json:"diff"`    // of the file, one line each
	Left    []string `json:"left"`    // what Restore did not take back, and why
	Note    string   `json:"note"`    // what else to know or to do
}

// Options are what Setup and Restore work with.
type Options struct {
	DryRun bool
	Getenv func(string) string
	Now    time.Time
	At     func(step string) // told of each step, for tests of interruptions; may be nil
}

func (o Options) reached(step string) {
	if o.At != nil {
		o.At(step)
	}
}

// Setup points the client at the router: it writes its values into the client's file and
// keeps every other byte. Before, it records the file, so that Restore can take the
// change back. Faults: client-file-foreign, client-file-unreadable, client-file-invalid,
// client-file-busy, write-failed.
func Setup(c Client, t Target, o Options) (Changed, error) {
	result := Changed{Client: c.Name, Diff: []string{}, Left: []string{}, Note: c.Note}
	if c.File == nil {
		result.Note = t.Steps(c)
		return result, nil
	}
	result.File = c.File.Path(o.Getenv)
	file, err := readFile(result.File, o.Getenv)
	if err != nil {
		return result, err
	}
	clean, err := cleanText(c, file, o.Getenv)
	if err != nil {
		return result, err
	}
	text, edits, err := apply(c, file, clean.text, t.values(c))
	if err != nil {
		return result, err
	}
	result.Diff, result.Changed = diff(file.text, text), !bytes.Equal(file.text, text)
	if o.DryRun || !result.Changed {
		return result, nil
	}
	j := journal{
		Schema: journalSchema, Client: c.Name, File: file.path, At: o.Now.UTC(), Existed: clean.exists, Before: clean.text,
		After: digest(text), Edits: edits,
	}
	if err := j.write(o.Getenv); err != nil {
		return result, err
	}
	o.reached("journal")
	if err := file.replace(text); err != nil {
		return result, err
	}
	o.reached("written")
	return result, nil
}

// cleanText returns the file without what an earlier Setup has written into it.
func cleanText(c Client, file content, getenv func(string) string) (content, error) {
	j, found, err := readJournal(c.Name, file.path, getenv)
	if err != nil || !found {
		return file, err
	}
	restored, err := j.restore(c.File.Format, file)
	return restored.content, err
}

// apply returns the text of file with the values, and how each is taken back to clean.
func apply(c Client, file content, clean []byte, values []Value) (text []byte, edits []entry, err error) {
	text = file.text
	for _, v := range values {
		e := entry{Path: v.Path, Text: v.Text}
		if e.Old, e.Had, err = edit.Lookup(c.File.Format, clean, v.Path); err == nil {
			// How many tables are added is a matter of the clean text, which is edited as well.
			if clean, e.Created, err = edit.Set(c.File.Format, clean, v.Path, v.Text); err == nil {
				text, _, err = edit.Set(c.File.Format, text, v.Path, v.Text)
			}
		}
		if err != nil {
			return nil, nil, fault.New("client-file-invalid", "%s: %w", file.path, err).
				WithHint("nothing was changed; correct the file, or see client:setup -print for what to write by hand")
		}
		edits = append(edits, e)
	}
	return text, edits, nil
}

// diff returns the lines in which two texts differ, between the lines that both begin
// and end with.
func diff(before, after []byte) []string {
	if bytes.Equal(before, after) {
		return []string{}
	}
	old, changed := splitLines(before), splitLines(after)
	first := 0
	for first < len(old) && first < len(changed) && old[first] == changed[first] {
		first++
	}
	last := 0
	for last < len(old)-first && last < len(changed)-first && old[len(old)-1-last] == changed[len(changed)-1-last] {
		last++
	}
	lines := []string{fmt.Sprintf("@@ line %d @@", first+1)}
	for _, line := range old[first : len(old)-last] {
		lines = append(lines, "-"+line)
	}
	for _, line := range changed[first : len(changed)-last] {
		lines = append(lines, "+"+line)
	}
	return lines
}

func splitLines(text []byte) []string {
	var lines []string
	for line := range bytes.Lines(text) {
		lines = append(lines, string(bytes.TrimRight(line, "\r\n")))
	}
	return lines
}
