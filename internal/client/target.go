package client

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
)

// KeyVariable is the variable that clients read the key from.
const KeyVariable = "FLOWGATE_KEY"

// Target is the router that clients are pointed at.
type Target struct {
	Root       string // its address without /v1 and without a slash at the end
	Model      string // the group that they ask for
	FastModel  string // the group for small tasks; the same as Model when there is none
	KeyFile    string // absolute path of the file with the key
	KeyCommand string // shell command that prints the key
	Key        string // only for Environment; a secret
}

// fill returns text with values in place of the placeholders of clients.yaml.
func (t Target) fill(text string) string {
	return strings.NewReplacer(
		"{root}", t.Root, "{v1}", t.Root+"/v1", "{model}", t.Model, "{fast_model}", t.FastModel,
		"{key_command}", t.KeyCommand, "{key_variable}", KeyVariable, "{key}", t.Key,
	).Replace(text)
}

// values returns the values that Setup writes into the file of c.
func (t Target) values(c Client) []Value {
	filled := make([]Value, 0, len(c.Set))
	for _, v := range c.Set {
		path := make(edit.Path, len(v.Path))
		for i, key := range v.Path {
			path[i] = t.fill(key)
		}
		v = Value{Path: path, Text: t.fill(v.Text)}
		same := func(other Value) bool { return slices.Equal(other.Path, v.Path) }
		if !slices.ContainsFunc(filled, same) { // both groups may be one
			filled = append(filled, v)
		}
	}
	return filled
}

// Steps returns what people have to do for a client without a suitable file.
func (t Target) Steps(c Client) string { return t.fill(c.Steps) }

// Environment returns the environment and the arguments with which a client is started,
// so that it sends its requests to the router.
func (t Target) Environment(c Client, environ []string) (env, arguments []string) {
	set := map[string]string{KeyVariable: t.Key}
	for name, value := range c.Run.Environment {
		set[name] = t.fill(value)
	}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if _, replaced := set[name]; !replaced && !slices.Contains(c.Run.Unset, name) {
			env = append(env, entry)
		}
	}
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	for _, argument := range c.Run.Arguments {
		arguments = append(arguments, t.fill(argument))
	}
	slices.Sort(env)
	return env, arguments
}
