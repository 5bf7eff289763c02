package client

import (
	"bytes"
	"context"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Changed is what was done, or would be done, to the file of a client.
type Changed struct {
	Client  string   `json:"client"`
	File    string   `json:"file"`    // "" for a client without a suitable file
	Changed bool     `json:"changed"` // the file's content differs
	Diff    []string `json:"diff"`    // the lines of the file that change, as a unified diff
	Left    []string `json:"left"`    // what Restore did not take back, and why
	Note    string   `json:"note"`    // what else to know or to do
}

// Options are what Setup and Restore work with.
type Options struct {
	DryRun bool
	Getenv func(string) string
	Now    time.Time
	At     func(step string) // is called at each step, for tests of interruptions; may be nil
}

// reportStep calls At, if it is set.
func (o Options) reportStep(step string) {
	if o.At != nil {
		o.At(step)
	}
}

// Setup points the client at the router: it writes its values into the client's file and
// keeps every other byte. It records the file first, so that Restore can take the change
// back. Faults: client-file-foreign, client-file-unreadable, client-file-invalid,
// client-file-busy, write-failed.
func Setup(ctx context.Context, c Client, t Target, o Options) (Changed, error) {
	result := Changed{Client: c.Name, Diff: []string{}, Left: []string{}, Note: c.Note}
	if c.File == nil {
		result.Note = t.Steps(c)
		return result, nil
	}
	return c.changeFile(ctx, t, o, result, c.setUp)
}

// change is what Setup or Restore does to a file that was read; result is what it adds to.
type change func(t Target, o Options, file content, result Changed) (Changed, error)

// changeFile reads the client's file and calls do. Other commands wait meanwhile, unless nothing is to be written.
func (c Client) changeFile(ctx context.Context, t Target, o Options, result Changed, do change) (Changed, error) {
	result.File = c.File.Path(o.Getenv)
	if !o.DryRun {
		held, err := lock(ctx, o.Getenv)
		if err != nil {
			return result, err
		}
		defer func() { _ = held.Close() }()
	}
	file, err := readFile(result.File, o.Getenv)
	if err != nil {
		return result, err
	}
	return do(t, o, file, result)
}

// setUp is Setup for a client with a file, under the lock.
func (c Client) setUp(t Target, o Options, file content, result Changed) (Changed, error) {
	clean, err := cleanText(c, file, o.Getenv)
	if err != nil {
		return result, err
	}
	text, edits, err := applyValues(c, file, clean.text, t.values(c))
	if err != nil {
		return result, err
	}
	result.Diff, result.Changed = showChange(file.path, file.text, text), !bytes.Equal(file.text, text)
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
	o.reportStep("journal")
	if err := file.replace(text); err != nil {
		return result, err
	}
	o.reportStep("written")
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

// applyValues returns the text of file with the values, and the edits that undoEdit needs to get
// back to clean. Fault: client-file-invalid.
func applyValues(c Client, file content, clean []byte, values []Value) (text []byte, edits []entry, err error) {
	text = file.text
	for _, v := range values {
		e := entry{Path: v.Path, Text: v.Text}
		if e.Old, e.Had, err = edit.Lookup(c.File.Format, clean, v.Path); err == nil {
			// The clean text is edited as well: it determines how many tables are added.
			if clean, e.Created, err = edit.Set(c.File.Format, clean, v.Path, v.Text); err == nil {
				text, _, err = edit.Set(c.File.Format, text, v.Path, v.Text)
			}
		}
		if err != nil {
			return nil, nil, fault.New("client-file-invalid", "%s: %w", file.path, err).
				WithHint("nothing was changed; correct the file and try again")
		}
		edits = append(edits, e)
	}
	return text, edits, nil
}

// showChange returns the lines of a file that differ, without the lines around them. Secrets in
// them are redacted, because people keep keys of other services in the same files.
func showChange(path string, before, after []byte) []string {
	lines := []string{}
	scrubber := redact.NewLogScrubber()
	for line := range bytes.Lines(diff.Diff(path, before, path, after)) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) > 0 && bytes.IndexByte([]byte("+-@"), line[0]) >= 0 {
			lines = append(lines, string(scrubber.Scrub(line)))
		}
	}
	return lines
}
