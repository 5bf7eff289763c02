// Package client points other tools at the router and undoes that exactly: Setup edits a
// tool's own configuration files, Restore takes the change back, Environment makes the
// environment for one run, List says which tools are installed and where they point, Check
// has one of them ask the router something.
//
// The tools are data (clients.yaml); package edit knows the formats of files. The package
// changes nothing without a record from which the file can be restored, and writes a key only
// into a file that nobody else can read and that git does not track.
//
// It is larger than other packages: Setup, Restore, List and Check work with the same entry of
// the table, the same file and the same record.
package client

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// data is the table of clients by name: clients.yaml as JSON, which is read thirty times as
// fast. A test writes it.
//
//go:embed clients.json
var data []byte

// Client is a tool that sends requests to a router.
type Client struct {
	Name     string    `json:"-"`
	Title    string    `json:"title"`
	Programs []string  `json:"programs"` // names on PATH, the usual one first
	Package  string    `json:"package"`  // its npm package, which says its version; "" for none
	Python   string    `json:"python"`   // its Python distribution, which says its version; "" for none
	From     string    `json:"from"`     // the first version that this entry is for; "" for any
	Before   string    `json:"before"`   // the first version that it is not for any more; "" for none
	Sibling  string    `json:"sibling"`  // the client that other versions are
	Dialect  string    `json:"dialect"`  // what it sends: chat, messages, responses or gemini
	Files    []File    `json:"files"`    // where Setup writes; none where no file is suitable
	Key      string    `json:"key"`      // how it gets the key: one of the Key constants
	Variable string    `json:"key_variable"`
	Run      *Run      `json:"run"`     // nil where it cannot be started for the router
	Check    *Run      `json:"check"`   // how it is asked something; nil where that needs a person
	Agents   []string  `json:"agents"`  // how its user agent begins, in whatever case; none where it is not its own
	Wins     []string  `json:"wins"`    // variables that win over the key that Setup arranges
	Refuses  []Refusal `json:"refuses"` // settings of the first file with which it no longer starts
	Note     string    `json:"note"`    // what else people should know after Setup
	Steps    string    `json:"steps"`   // what people do where there is no file

	Remarks string `json:"remarks"` // for docs/clients
	Page    string `json:"page"`    // a page of its own in docs; "" for none
	Seen    string `json:"seen"`    // the version that test/agents runs; "" for none
}

// How a client gets the key.
const (
	KeyCommand   = "command"   // it executes one that prints the key
	KeyReference = "reference" // its file names the file with the key
	KeyVariable  = "variable"  // it reads an environment variable
	KeyFile      = "file"      // the key is in its file, or in an environment variable
	KeyFileOnly  = "file-only" // the key is in its file, since it takes it from nowhere else
)

// File is one file in which a client keeps its settings.
type File struct {
	Variable     string      `json:"variable"`      // the environment variable that names the folder; "" for none
	VariableHome string      `json:"variable_home"` // the folder below that one; "" for that one itself
	HomeKind     string      `json:"home_kind"`     // "config": below XDG_CONFIG_HOME; else below HOME
	Home         string      `json:"home"`          // the folder below HOME or XDG_CONFIG_HOME
	Name         string      `json:"name"`
	Format       edit.Format `json:"format"`
	Points       edit.Path   `json:"points"` // the path of the address; nil where it is in another file
	Active       *Value      `json:"active"` // the address counts only while the file has this value; nil: always
	Set          []Value     `json:"set"`    // what Setup writes
}

// Run is how a client is started.
type Run struct {
	Environment map[string]string `json:"environment"`
	Unset       []string          `json:"unset"`     // variables that would win over the environment
	Arguments   []string          `json:"arguments"` // before the user's own
}

// All returns the clients in the order of their names.
func All() ([]Client, error) {
	var byName map[string]Client
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&byName); err != nil {
		return nil, fault.New("internal", "read the table of clients: %w", err)
	}
	all := make([]Client, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		c := byName[name]
		c.Name = name
		c.Variable = cmp.Or(c.Variable, defaultVariable)
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
			WithHint("%s", cmp.Or(c.Steps, c.Note, c.Remarks))
	}
	if path := c.lookProgram(); path != "" {
		return path, nil
	}
	f := fault.New("client-missing", "%s is not on PATH", strings.Join(c.Programs, " or "))
	if c.Package != "" {
		return "", f.WithHint("npm install -g %s installs it", c.Package)
	}
	return "", f.WithHint("install %s, or put its folder on PATH", c.Title)
}

// CheckStartable checks that a run of the client would send its requests to the router: by its
// environment, or because its settings point there. Fault: client-not-set-up.
func (c Client) CheckStartable(t Target, getenv func(string) string) error {
	if len(c.Run.Environment)+len(c.Run.Arguments) > 0 || c.Status(t, getenv).Points == PointsRouter {
		return nil
	}
	return fault.Usage("client-not-set-up",
		"%s takes the address of a router from its settings alone, which do not have it", c.Title).
		WithHint("mage client:setup %s", c.Name)
}

// lookProgram returns the path of the client's program on PATH, of a version that the entry is
// for; "" when there is none.
func (c Client) lookProgram() string {
	for _, name := range c.Programs {
		if path, err := exec.LookPath(name); err == nil && c.covers(c.version(path)) {
			return path
		}
	}
	return ""
}

// Path returns the absolute path of the file.
func (f File) Path(getenv func(string) string) string {
	if f.Variable != "" {
		if dir := getenv(f.Variable); filepath.IsAbs(dir) {
			return filepath.Join(dir, f.VariableHome, f.Name)
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
