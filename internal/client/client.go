// Package client points other tools at the router and undoes that exactly: Setup edits a
// tool's own configuration file, Restore takes the change back, Environment makes the
// environment for one run, List says which tools are installed and where they point.
//
// The tools are data (clients.yaml); package edit knows the formats of files. The package never
// writes a key into a file of another tool, and changes nothing without a record from which
// the file can be restored.
package client

import (
	"cmp"
	_ "embed"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// data is the table of clients in YAML, by name.
//
//go:embed clients.yaml
var data []byte

// Client is a tool that sends requests to a router.
type Client struct {
	Name     string   `yaml:"-"`
	Title    string   `yaml:"title"`
	Programs []string `yaml:"programs"` // names on PATH, the usual one first
	Package  string   `yaml:"package"`  // its npm package, which says its version; "" for none
	Dialect  string   `yaml:"dialect"`  // what it sends: chat, messages, responses or gemini
	File     *File    `yaml:"file"`     // nil where no file is suitable
	Set      []Value  `yaml:"set"`      // what Setup writes
	Points   []string `yaml:"points"`   // the path of the address in the file
	Active   *Value   `yaml:"active"`   // the address counts only while the file has this value; nil: always
	Key      string   `yaml:"key"`      // how it gets the key: command or variable
	Run      *Run     `yaml:"run"`      // nil where it cannot be started for the router
	Note     string   `yaml:"note"`     // what else people should know after Setup
	Steps    string   `yaml:"steps"`    // what people do where there is no file
}

// File is where a client keeps its settings.
type File struct {
	Variable string      `yaml:"variable"`  // the environment variable that names the folder; "" for none
	HomeKind string      `yaml:"home_kind"` // "config": below XDG_CONFIG_HOME; else below HOME
	Home     string      `yaml:"home"`      // the folder below HOME or XDG_CONFIG_HOME
	Name     string      `yaml:"name"`
	Format   edit.Format `yaml:"format"`
}

// Value is one value in a client's file. Path and Text may hold placeholders.
type Value struct {
	Path edit.Path `yaml:"path"`
	Text string    `yaml:"value"`
}

// Run is how a client is started without a file of its own.
type Run struct {
	Environment map[string]string `yaml:"environment"`
	Unset       []string          `yaml:"unset"`     // variables that would win over the environment
	Arguments   []string          `yaml:"arguments"` // before the user's own
}

// All returns the clients in the order of their names.
func All() ([]Client, error) {
	var byName map[string]Client
	if err := yaml.UnmarshalWithOptions(data, &byName, yaml.Strict()); err != nil {
		return nil, fault.New("internal", "read the table of clients: %w", err)
	}
	all := make([]Client, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		c := byName[name]
		c.Name = name
		all = append(all, c)
	}
	return all, nil
}

// Find returns the client with that name. Fault: client-unknown.
func Find(name string) (Client, error) {
	all, err := All()
	if err != nil {
		return Client{}, err
	}
	names := make([]string, len(all))
	for i, c := range all {
		typed := strings.ToLower(name)
		if names[i] = c.Name; c.Name == typed || c.Name == strings.TrimSuffix(typed, "-code") {
			return c, nil
		}
	}
	f := fault.Usage("client-unknown", "there is no client %q", name)
	if near := suggest.Nearest(name, names); near != "" {
		return Client{}, f.WithHint("did you mean %s?", near)
	}
	return Client{}, f.WithHint("the clients are %s", strings.Join(names, ", "))
}

// FindProgram returns the path of the client's program. Faults: client-missing,
// client-not-startable.
func (c Client) FindProgram() (string, error) {
	if c.Run == nil {
		return "", fault.Usage("client-not-startable", "%s cannot be started for the router", c.Title).
			WithHint("%s", cmp.Or(c.Steps, c.Note))
	}
	for _, name := range c.Programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	f := fault.New("client-missing", "%s is not on PATH", strings.Join(c.Programs, " or "))
	if c.Package != "" {
		return "", f.WithHint("npm install -g %s installs it", c.Package)
	}
	return "", f.WithHint("install %s, or put its folder on PATH", c.Title)
}

// Path returns the absolute path of the client's file.
func (f File) Path(getenv func(string) string) string {
	if f.Variable != "" {
		if dir := getenv(f.Variable); filepath.IsAbs(dir) {
			return filepath.Join(dir, f.Name)
		}
	}
	base := getenv("HOME")
	if f.HomeKind == "config" {
		if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, f.Home, f.Name)
		}
		base = filepath.Join(base, ".config")
	}
	return filepath.Join(base, f.Home, f.Name)
}
