package client

import (
	"context"
	"slices"
)

// ReplaceKey writes a new key in the place of an old one that Setup wrote into the client's
// files, and returns those that have it now. A value that somebody has changed since stays.
// The faults are those of Setup.
func ReplaceKey(ctx context.Context, c Client, old, key string, o Options) ([]string, error) {
	held, err := o.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = held.Close() }()
	var plans []plan
	files := []string{}
	for _, f := range c.Files {
		p, err := c.planKey(f, old, key, o)
		if err != nil {
			return nil, err
		}
		if p.isChange() {
			plans, files = append(plans, p), append(files, p.file.path)
		}
	}
	if err := writeAll(plans, o); err != nil {
		return nil, err
	}
	return files, nil
}

// planKey returns what ReplaceKey does to one file.
func (c Client) planKey(f File, old, key string, o Options) (plan, error) {
	file, err := readFile(f.Path(o.Getenv), o.Getenv)
	if err != nil {
		return plan{}, err
	}
	j, _, err := readJournal(c.Name, file.path, o.Getenv)
	if err != nil {
		return plan{}, err
	}
	p := plan{file: file, text: file.text, before: &j, after: j}
	p.after.Edits = slices.Clone(j.Edits)
	for i, e := range p.after.Edits {
		value, _, err := e.place(e.Value).lookup(f.Format, p.text)
		if err == nil && e.Secret && value == old {
			p.after.Edits[i].Value, p.after.Edits[i].Replaced = digest([]byte(key)), e.Value
			p.text, _, err = e.place(key).set(f.Format, p.text)
		}
		if err != nil {
			return plan{}, invalidFault(file.path, err)
		}
	}
	if digest(file.text) == j.After {
		p.after.After = digest(p.text)
	}
	return p, nil
}
