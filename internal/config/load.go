package config

import (
	"bytes"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Load reads the configuration file at path, relative to the process's working
// folder, and returns it resolved. A file that cannot be used is one
// *fault.Error with exit status 2: config-not-found, config-unreadable,
// config-too-large, config-version-unsupported or config-invalid; the last has
// Problems as its detail, and its message is the first of them.
func Load(path string, getenv func(string) string) (*Config, error) {
	data, err := yamlnode.ReadSource(path)
	if err != nil {
		return nil, err
	}
	return LoadText(path, data, getenv)
}

// LoadText is Load for a text that is not, or not any more, in the file at path.
func LoadText(path string, data []byte, getenv func(string) string) (*Config, error) {
	d, _, cfg, err := readText(path, bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), getenv)
	if err != nil {
		return nil, err
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// Findings is what Check saw in one file.
type Findings struct {
	File     string             `json:"file"`    // as the user named it
	Version  int                `json:"version"` // 0 when it cannot be told
	Problems []yamlnode.Problem `json:"problems"`
	Warnings []Warning          `json:"warnings"`
}

// Examination is a file that was read as far as its mistakes allow.
type Examination struct {
	Findings
	Config *Config // incomplete when there are problems; nil when the version cannot be told
	Places *Places // nil when there is no YAML
}

// Check reads the file as Load does and returns everything that is wrong or
// odd about it, mistakes in auth.providers among them: those concern one sign-in
// each, and Load leaves out the keys that have them. The error is non-nil only when there is nothing to examine:
// the file is missing, unreadable or too large.
func Check(path string, getenv func(string) string) (Findings, error) {
	e, err := Examine(path, getenv)
	return e.Findings, err
}

// Examine is Check that also returns the configuration, and where its values stand.
func Examine(path string, getenv func(string) string) (Examination, error) {
	data, err := yamlnode.ReadSource(path)
	if err != nil {
		return Examination{}, err
	}
	d, root, cfg, err := readText(path, data, getenv)
	if err != nil {
		return Examination{}, err
	}
	d.Problems = append(d.Problems, d.ProviderProblems...)
	e := Examination{Config: cfg, Findings: Findings{
		File: path, Problems: append([]yamlnode.Problem{}, d.SortedProblems()...), // none is [] in JSON
		Warnings: append([]Warning{}, convertWarnings(d)...),
	}}
	if root != nil {
		e.Places = &Places{file: path, root: root}
	}
	if cfg != nil {
		e.Version = cfg.Version
	}
	return e, nil
}

// Err is nil, or one fault that carries every problem found; its code is that of the first.
func (f Findings) Err() error {
	d := yamlnode.NewDiagnosis(f.File)
	d.Problems = f.Problems
	if first := d.SortedProblems(); len(first) > 0 {
		d.Code = first[0].Code
	}
	return d.Err()
}

// readText does the work of Load and Examine for the text of the file at path. root is nil
// when there is no YAML, cfg when the file's version cannot be told; cfg is incomplete when
// d holds problems.
func readText(path string, data []byte, getenv func(string) string) (
	d *yamlnode.Diagnosis, root *yamlnode.Node, cfg *Config, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, nil, fault.Usage("config-unreadable", "%s: %w", path, err)
	}
	if err := CheckFolder(filepath.Dir(abs)); err != nil {
		return nil, nil, nil, err
	}
	d = yamlnode.NewDiagnosis(path)
	if root = yamlnode.Parse(d, data); root == nil {
		refuseCommented(d, data)
		return d, nil, nil, nil
	}
	if format := recognizeRoot(root); format != FormatFlowGate {
		refuseForeign(d, format)
		return d, root, nil, nil
	}
	if refuseCommented(d, data) { // YAML reads some JSON with comments as something else
		return d, nil, nil, nil
	}
	version, ok := readVersion(d, root)
	if !ok {
		return d, root, nil, nil
	}
	return d, root, resolveDocument(d, root, abs, version, getenv), nil
}

// CheckFolder reports as a fault when the name of an installation's folder is not
// UTF-8: reports, state files and the control socket carry it in JSON, which
// would name another folder. Fault: folder-name-invalid.
func CheckFolder(dir string) error {
	if utf8.ValidString(dir) {
		return nil
	}
	return fault.Usage("folder-name-invalid",
		"the name of the folder %q is not valid UTF-8, so FlowGate cannot work in it", dir).
		WithHint("rename the folder, or work in another one")
}

// resolveDocument resolves a parsed file that lies, or will lie, at abs.
func resolveDocument(d *yamlnode.Diagnosis, root *yamlnode.Node, abs string, version int,
	getenv func(string) string) *Config {
	r := &resolver{d: d, root: root, getenv: getenv, cfg: &Config{File: abs, Dir: filepath.Dir(abs), Version: version}}
	r.resolve()
	r.cfg.Warnings = convertWarnings(d)
	return r.cfg
}

// readVersion reads config_version. A file without it is of version 3 when only
// that has such keys, else of the current one.
func readVersion(d *yamlnode.Diagnosis, root *yamlnode.Node) (int, bool) {
	f, ok := root.Field("config_version")
	if !ok {
		_, hasServices := root.Field("services")
		if _, named := root.Lookup("cliproxyapi_plus", "config_file"); named && !hasServices {
			return 3, true
		}
		return CurrentVersion, true
	}
	version, ok := f.Value.Value.(int)
	switch {
	case ok && version >= 1 && version <= 3:
		return version, true
	case f.Value.Kind == yamlnode.ScalarKind && f.Value.Value != f.Value.Text: // a number, whatever its size
		d.Code = "config-version-unsupported"
		d.Add(f.Value.At, "config_version", "use a FlowGate that knows this version, or write the file in version 2",
			"config_version %s is not supported; known are 1, 2 and 3", f.Value.Text)
	default:
		d.Add(f.Value.At, "config_version", fmt.Sprintf("write config_version: %d", CurrentVersion),
			"config_version must be 1, 2 or 3, not %s", f.Value.Describe("config_version"))
	}
	return 0, false
}

// convertWarnings returns what d found odd, nil when there is nothing.
func convertWarnings(d *yamlnode.Diagnosis) (warnings []Warning) {
	for _, w := range d.Warnings {
		warnings = append(warnings, Warning(w))
	}
	return warnings
}
