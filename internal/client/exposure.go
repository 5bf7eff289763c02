package client

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// withoutExposedKeys returns the values without those that have the key itself in them, when
// others could see it in the file; result's note then says how the client gets the key instead.
// Fault: client-file-exposed, for a client that takes the key from its file alone.
func (c Client) withoutExposedKeys(values []Value, file content, t Target, result *Changed) ([]Value, error) {
	isSecret := func(v Value) bool { return v.secret }
	if !slices.ContainsFunc(values, isSecret) {
		return values, nil
	}
	why := exposureOf(file)
	if why == "" {
		return values, nil
	}
	if c.Key == KeyFileOnly {
		return nil, fault.New("client-file-exposed", "%s: %s, and %s takes the key from there alone",
			file.path, why, c.Title).
			WithHint("keep the file out of git, and make it private: chmod go-rwx %s", file.path)
	}
	result.addNote("the key was not written into " + file.path + ", because " + why + "; " + c.keyAdvice(t))
	return slices.DeleteFunc(values, isSecret), nil
}

// exposureOf returns why a key in a file could be seen by others; "" when it could not.
func exposureOf(file content) string {
	switch {
	case file.exists && file.mode&0o077 != 0:
		return "other users can read it"
	case trust.CheckUntracked(file.path) != nil:
		return "git tracks it"
	}
	return ""
}

// keyAdvice returns how the client gets the key where it is not in its files.
func (c Client) keyAdvice(t Target) string {
	return "it reads the key from " + c.Variable + ", so start it by client:run, or in a shell with export " +
		c.Variable + `="$(` + t.KeyCommand() + `)"`
}

// addNote adds a sentence to the note.
func (c *Changed) addNote(text string) {
	if c.Note != "" {
		c.Note += "; "
	}
	c.Note += text
}
