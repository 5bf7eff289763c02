package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Changed is what was done, or would be done, to the files of a client.
type Changed struct {
	Client  string   `json:"client"`
	File    string   `json:"file"`    // the one with the address; "" for a client without a suitable file
	Files   []string `json:"files"`   // all files that were looked at
	Changed bool     `json:"changed"` // the content of a file differs
	Diff    []string `json:"diff"`    // the lines of the files that change, as a unified diff
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

// reportStep calls At, if it is set. Steps of a client's second file end in -2.
func (o Options) reportStep(step string, index int) {
	if o.At == nil {
		return
	}
	if index > 0 {
		step += fmt.Sprintf("-%d", index+1)
	}
	o.At(step)
}

// hold lets one Setup or Restore of this user run at a time, unless nothing is to be written.
func (o Options) hold(ctx context.Context) (io.Closer, error) {
	if o.DryRun {
		return io.NopCloser(nil), nil
	}
	return lock(ctx, o.Getenv)
}

// plan is what Setup is about to do to one file.
type plan struct {
	file   content // as it was read
	text   []byte  // what it becomes
	after  journal
	before *journal // the record of an earlier Setup; nil when there is none
}

// isChange reports whether the file's content differs.
func (p plan) isChange() bool { return !bytes.Equal(p.file.text, p.text) }

// Setup points the client at the router: it writes its values into the client's files and
// keeps every other byte. It records each file first, so that Restore can take the change
// back. When a file cannot be written, those before it become as they were. Faults:
// client-file-foreign, client-file-unreadable, client-file-invalid, client-file-exposed,
// client-file-busy, client-version, write-failed.
func Setup(ctx context.Context, c Client, t Target, o Options) (Changed, error) {
	result := Changed{Client: c.Name, Files: []string{}, Diff: []string{}, Left: []string{}, Note: c.Note}
	if len(c.Files) == 0 {
		result.Note = t.Steps(c)
		return result, nil
	}
	result.File = c.Files[0].Path(o.Getenv)
	if err := c.checkVersion(); err != nil {
		return result, err
	}
	held, err := o.hold(ctx)
	if err != nil {
		return result, err
	}
	defer func() { _ = held.Close() }()
	plans := make([]plan, 0, len(c.Files))
	for _, f := range c.Files {
		p, err := c.planFile(ctx, f, t, o, &result)
		if err != nil {
			return result, err
		}
		plans = append(plans, p)
		result.addFile(p.file.path, p.file.text, p.text, p.isChange())
	}
	if c.Key == KeyVariable {
		result.addNote(c.keyAdvice(t))
	}
	if o.DryRun {
		return result, nil
	}
	return result, writeAll(plans, o)
}

// addFile adds what changes in a file.
func (c *Changed) addFile(path string, before, after []byte, changed bool) {
	c.Files = append(c.Files, path)
	c.Changed = c.Changed || changed
	c.Diff = append(c.Diff, showChange(path, before, after)...)
}

// writeAll carries out the plans. When one fails, it undoes those before it.
func writeAll(plans []plan, o Options) error {
	for i, p := range plans {
		if !p.isChange() {
			continue
		}
		err := p.after.write(o.Getenv)
		if err == nil {
			o.reportStep("journal", i)
			err = p.file.replace(p.text)
		}
		if err != nil {
			_ = p.restoreJournal(o.Getenv) // without the change, it describes nothing
			for _, done := range slices.Backward(plans[:i]) {
				done.undo(o.Getenv)
			}
			return err
		}
		o.reportStep("written", i)
	}
	return nil
}

// undo puts the file and its record back as they were before Setup. What it cannot put back, the
// record still describes.
func (p plan) undo(getenv func(string) string) {
	if !p.isChange() {
		return
	}
	now := p.file
	now.text, now.exists = p.text, true
	if err := writeRestored(now, restoredFile{content: p.file}, true); err == nil {
		_ = p.restoreJournal(getenv)
	}
}

// restoreJournal puts the record of the file back as it was before Setup.
func (p plan) restoreJournal(getenv func(string) string) error {
	if p.before != nil {
		return p.before.write(getenv)
	}
	return removeJournal(p.after.Client, p.file.path, getenv)
}

// planFile returns what Setup does to one file, and adds to result what else people have to do.
func (c Client) planFile(ctx context.Context, f File, t Target, o Options, result *Changed) (plan, error) {
	file, err := readFile(f.Path(o.Getenv), o.Getenv)
	if err != nil {
		return plan{}, err
	}
	p := plan{file: file}
	clean := restoredFile{content: file}
	j, found, err := readJournal(c.Name, file.path, o.Getenv)
	if err == nil && found {
		p.before = &j
		clean, err = j.restore(f.Format, file)
	}
	if err != nil {
		return plan{}, err
	}
	values, err := c.withoutExposedKeys(ctx, t.values(f), file, t, result)
	if err != nil {
		return plan{}, err
	}
	if p.text, err = j.withoutOthers(f.Format, file, values); err != nil {
		return plan{}, err
	}
	var edits []entry
	if p.text, edits, err = applyValues(f.Format, file.path, p.text, clean.text, values); err != nil {
		return plan{}, err
	}
	p.after = journal{
		Schema: journalSchema, Client: c.Name, File: file.path, At: o.Now.UTC(), Existed: clean.exists, Before: clean.text,
		After: digest(p.text), Edits: edits,
	}
	p.after.rememberReplaced(p.before)
	return p, nil
}

// withoutOthers returns the file's text without the edits of the journal that are none of the
// values any more: those for another model, and the key where others can see it by now. Fault:
// client-file-invalid.
func (j journal) withoutOthers(f edit.Format, file content, values []Value) (text []byte, err error) {
	text = file.text
	for _, e := range slices.Backward(j.Edits) {
		place := e.place(e.Value)
		isAgain := func(v Value) bool { return slices.Equal(v.Path, place.Path) && v.Element == place.Element }
		if slices.ContainsFunc(values, isAgain) {
			continue
		}
		value, found, err := place.lookup(f, text)
		if err == nil && found && e.isOurs(value) {
			text, err = undoEdit(f, text, e)
		}
		if err != nil {
			return nil, invalidFault(file.path, err)
		}
	}
	return text, nil
}

// applyValues returns the text of the file at path with the values, and the edits that undoEdit
// needs to get back to clean. Fault: client-file-invalid.
func applyValues(
	f edit.Format, path string, before, clean []byte, values []Value,
) (text []byte, edits []entry, err error) {
	text = before
	for _, v := range values {
		e := newEntry(v)
		if e.Old, e.Had, err = v.lookup(f, clean); err == nil && (!v.Keep || !e.Had) {
			// The clean text is edited as well: it determines how many tables are added.
			if clean, e.Created, err = v.set(f, clean); err == nil {
				text, _, err = v.set(f, text)
			}
		}
		if err != nil {
			return nil, nil, invalidFault(path, err)
		}
		if !v.Keep || !e.Had {
			edits = append(edits, e)
		}
	}
	return text, edits, nil
}

// invalidFault returns the fault client-file-invalid.
func invalidFault(path string, err error) error {
	return fault.New("client-file-invalid", "%s: %w", path, err).
		WithHint("nothing was changed; correct the file and try again")
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
