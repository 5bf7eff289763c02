package client

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// defaultVariable is the variable that most clients read the key from.
const defaultVariable = "FLOWGATE_KEY"

// defaultContext is the number of tokens that clients are told of a model of which neither its
// model_info nor the table of prices says: what most of them assume of a model that they do not know.
const defaultContext = 128_000

// Target is the router that clients are pointed at.
type Target struct {
	Root        string // its address without /v1 and without a slash at the end
	Model       string // the group that they ask for
	FastModel   string // the group for small tasks; the same as Model when there is none
	Context     int    // tokens that Model can read; 0: unknown
	FastContext int    // tokens that FastModel can read; 0: unknown
	KeyFile     string // absolute path of the file with the key
	Catalog     string // absolute path of Codex's catalogue of models
	Key         string // a secret
}

// fill returns text with values in place of the placeholders of clients.yaml.
func (t Target) fill(text string) string {
	return strings.NewReplacer(
		"{root}", t.Root, "{v1}", t.Root+"/v1", "{model}", t.Model, "{fast_model}", t.FastModel,
		"{context}", strconv.Itoa(cmp.Or(t.Context, defaultContext)),
		"{fast_context}", strconv.Itoa(cmp.Or(t.FastContext, defaultContext)),
		"{key_command}", t.KeyCommand(), "{key_file}", t.KeyFile, "{key_variable}", defaultVariable, "{key}", t.Key,
		"{catalog}", t.Catalog,
	).Replace(text)
}

// KeyCommand returns a shell command that prints the key.
func (t Target) KeyCommand() string {
	return "cat '" + strings.ReplaceAll(t.KeyFile, "'", `'\''`) + "'"
}

// Steps returns what people have to do for a client without a suitable file.
func (t Target) Steps(c Client) string { return t.fill(c.Steps) }

// Environment returns the environment and the arguments with which a client is started,
// so that it sends its requests to the router.
func (t Target) Environment(c Client, environ []string) (env, arguments []string) {
	set := map[string]string{c.Variable: t.Key, defaultVariable: t.Key}
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
