package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
)

// restoredFile is a file without what Setup wrote.
type restoredFile struct {
	content
	left []string // what could not be taken out, and why
}

// Restore takes out of the client's files what Setup has put in: byte for byte when a file was
// not changed since, else value by value. A value that was changed since stays, and is named in
// Left. Without a record, Restore takes out the values that Setup would write now, if the
// client points at this router. A file that cannot be restored does not keep the others from it;
// the first error is returned. The faults are those of Setup.
func Restore(ctx context.Context, c Client, t Target, o Options) (Changed, error) {
	result := Changed{Client: c.Name, Files: []string{}, Diff: []string{}, Left: []string{}}
	if len(c.Files) == 0 {
		return result, nil
	}
	result.File = c.Files[0].Path(o.Getenv)
	held, err := o.hold(ctx)
	if err != nil {
		return result, err
	}
	defer func() { _ = held.Close() }()
	points := c.pointsAt(t, o.Getenv)
	var first error
	for i, f := range slices.Backward(c.Files) { // the file with the address last: it shows whose the others are
		if err := c.restoreFile(i, f, t, points, o, &result); err != nil && first == nil {
			first = err
		}
	}
	return result, first
}

// restoreFile is Restore for one file, under the lock. points says that the client points at
// this router.
func (c Client) restoreFile(index int, f File, t Target, points bool, o Options, result *Changed) error {
	file, err := readFile(f.Path(o.Getenv), o.Getenv)
	if err != nil {
		return err
	}
	j, found, err := readJournal(c.Name, file.path, o.Getenv)
	if err != nil {
		return err
	}
	if !found {
		j = journal{Existed: true}
		if points {
			j.Edits = findOwnValues(f, t, file)
		}
	}
	was, err := j.restore(f.Format, file)
	if err != nil {
		return err
	}
	changed := !bytes.Equal(file.text, was.text) || file.exists != was.exists
	result.Left = append(result.Left, was.left...)
	result.addFile(file.path, file.text, was.text, changed)
	if o.DryRun {
		return nil
	}
	if err := writeRestored(file, was, changed); err != nil {
		return err
	}
	o.reportStep("restored", index)
	if len(was.left) > 0 && found {
		return nil // keep the record for what is left
	}
	return removeJournal(c.Name, file.path, o.Getenv)
}

// writeRestored writes the file as it was, or removes it when Setup had created it.
func writeRestored(file content, was restoredFile, changed bool) error {
	switch {
	case !changed:
		return nil
	case !was.exists:
		return file.remove()
	}
	return file.replace(was.text)
}

// restore returns the file without the edits of the journal.
func (j journal) restore(f edit.Format, file content) (restoredFile, error) {
	result := restoredFile{content: file, left: []string{}}
	if !file.exists {
		return result, nil
	}
	if j.After != "" && digest(file.text) == j.After {
		result.text, result.exists = j.Before, j.Existed
		return result, nil
	}
	for _, e := range slices.Backward(j.Edits) {
		value, found, err := e.place(e.Value).lookup(f, result.text)
		if err != nil {
			return result, invalidFault(file.path, err)
		}
		if !found {
			continue
		}
		if !e.isOurs(value) {
			if !e.Keep && (!e.Had || !edit.Equal(value, e.Old)) { // else it has its old value already
				result.left = append(result.left, fmt.Sprintf("%s was changed since then and stays", e.place(e.Value)))
			}
			continue
		}
		if result.text, err = undoEdit(f, result.text, e); err != nil {
			result.left = append(result.left, fmt.Sprintf("%s: %v", e.place(e.Value), err))
			result.text = bytes.Clone(result.text)
		}
	}
	if !j.Existed && isEmptyFile(f, result.text) {
		result.text, result.exists = nil, false
	}
	return result, nil
}

// undoEdit returns text with one value as it was before. On an error it returns text unchanged.
func undoEdit(f edit.Format, text []byte, e entry) ([]byte, error) {
	var changed []byte
	var err error
	if old, ok := toEditValue(e.Old); e.Had && ok {
		changed, _, err = e.place(old).set(f, text)
	} else {
		changed, err = e.place(e.Value).remove(f, text, e.Created)
	}
	if err != nil {
		return text, err
	}
	return changed, nil
}

// toEditValue returns an old value, as JSON decoded it from the journal, in a form that edit.Set
// takes. ok is false when there is no such form.
func toEditValue(old any) (value any, ok bool) {
	switch old := old.(type) {
	case float64:
		return int(old), float64(int(old)) == old
	case nil:
		return nil, false
	}
	return old, true
}

// isEmptyFile reports whether nothing is left in a file that Setup had created.
func isEmptyFile(f edit.Format, text []byte) bool {
	word := strings.TrimSpace(string(text))
	return word == "" || f != edit.TOML && f != edit.DotEnv && word == "{}"
}

// findOwnValues returns the values in a file that only Setup can have written: those that it
// would write now; of a file without the address, only the key.
func findOwnValues(f File, t Target, file content) []entry {
	var ours []entry
	for _, v := range t.values(f) {
		if v.Keep || len(f.Points) == 0 && !v.secret {
			continue
		}
		e := newEntry(v)
		if value, found, err := v.lookup(f.Format, file.text); err == nil && found && e.isOurs(value) {
			e.Created = len(v.Path) - 1
			if v.Element != "" {
				e.Created++
			}
			ours = append(ours, e)
		}
	}
	return ours
}
