package client

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// restoredFile is a file without what Setup wrote.
type restoredFile struct {
	content
	left []string // what could not be taken out, and why
}

// Restore takes out of the client's file what Setup has put in: byte for byte when the file was
// not changed since, else value by value. A value that was changed since stays, and is named in
// Left. Without a record, Restore takes out the values that Setup would write now, if the file
// points at this router. The faults are those of Setup.
func Restore(ctx context.Context, c Client, t Target, o Options) (Changed, error) {
	result := Changed{Client: c.Name, Diff: []string{}, Left: []string{}}
	if c.File == nil {
		return result, nil
	}
	return c.changeFile(ctx, t, o, result, c.restore)
}

// restore is Restore for a client with a file, under the lock.
func (c Client) restore(t Target, o Options, file content, result Changed) (Changed, error) {
	j, found, err := readJournal(c.Name, file.path, o.Getenv)
	if err != nil {
		return result, err
	}
	if !found {
		j = journal{Existed: true, Edits: findOwnValues(c, t, file)}
	}
	was, err := j.restore(c.File.Format, file)
	if err != nil {
		return result, err
	}
	result.Left = was.left
	result.Diff = showChange(file.path, file.text, was.text)
	result.Changed = !bytes.Equal(file.text, was.text) || file.exists != was.exists
	if o.DryRun {
		return result, nil
	}
	if err := writeRestored(file, was, result.Changed); err != nil {
		return result, err
	}
	o.reportStep("restored")
	if len(was.left) > 0 && found {
		return result, nil // keep the record for what is left
	}
	return result, removeJournal(c.Name, file.path, o.Getenv)
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
		value, found, err := edit.Lookup(f, result.text, e.Path)
		if err != nil {
			return result, fault.New("client-file-invalid", "%s: %w", file.path, err).
				WithHint("nothing was changed; correct the file and try again")
		}
		if !found {
			continue
		}
		if value != e.Text {
			if !e.Had || !reflect.DeepEqual(value, e.Old) { // else it has its old value already
				result.left = append(result.left, fmt.Sprintf("%s was changed since then and stays", e.Path))
			}
			continue
		}
		if result.text, err = undoEdit(f, result.text, e); err != nil {
			result.left = append(result.left, fmt.Sprintf("%s: %v", e.Path, err))
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
		changed, _, err = edit.Set(f, text, e.Path, old)
	} else {
		changed, err = edit.Remove(f, text, e.Path, e.Created)
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

// findOwnValues returns the values in a file that only Setup can have written: the ones that it
// would write now, when the address among them is this router's.
func findOwnValues(c Client, t Target, file content) []entry {
	if address, found, err := edit.Lookup(c.File.Format, file.text, c.Points); err != nil || !found ||
		address != t.Root && address != t.Root+"/v1" {
		return nil
	}
	var ours []entry
	for _, v := range t.values(c) {
		if value, found, err := edit.Lookup(c.File.Format, file.text, v.Path); err == nil && found && value == v.Text {
			ours = append(ours, entry{Path: v.Path, Text: v.Text, Created: len(v.Path) - 1})
		}
	}
	return ours
}
