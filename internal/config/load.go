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
// folder, and returns it resolved. For a file that cannot be used it returns one
// *fault.Error with exit status 2: config-not-found, config-unreadable,
// config-too-large, folder-name-invalid, config-foreign, config-version-unsupported
// or config-invalid. A fault about the content has yamlnode.Problems as its detail,
// and the first problem as its message.
func Load(path string, getenv func(string) string) (*Config, error) {
	data, err := yamlnode.ReadSource(path)
	if err != nil {
		return nil, err
	}
	return LoadText(path, data, getenv)
}

// LoadText is Load for a text that need not be in the file at path.
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

// Findings is what Check found in one file.
type Findings struct {
	File     string             `json:"file"`    // as the user named it
	Version  int                `json:"version"` // 0 when it is not known
	Problems []yamlnode.Problem `json:"problems"`
	Warnings []Warning          `json:"warnings"`
}

// Examination is the result of reading a file as far as its mistakes allow.
type Examination struct {
	Findings
	Config *Config // incomplete when there are problems; nil when the version is not known
	Places *Places // nil when the text is not YAML
}

// Check reads the file as Load does and returns all problems and warnings. These include
// the mistakes in auth.providers, each of which concerns one sign-in only; Load leaves out
// the keys that have them. The error is non-nil only when there is nothing to examine: the
// file is missing, unreadable or too large, or the name of its folder is not valid.
func Check(path string, getenv func(string) string) (Findings, error) {
	e, err := Examine(path, getenv)
	return e.Findings, err
}

// Examine is Check that also returns the configuration, and where its values are written.
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

// Err returns one fault with every problem found, or nil when there is none. The fault has
// the code of the first problem.
func (f Findings) Err() error {
	d := yamlnode.NewDiagnosis(f.File)
	d.Problems = f.Problems
	if first := d.SortedProblems(); len(first) > 0 {
		d.Code = first[0].Code
	}
	return d.Err()
}

// readText does the work of Load and Examine for the text of the file at path. root is nil
// when the text is not YAML, cfg when the file's version is not known; cfg is incomplete when
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

// CheckFolder returns a fault when the name of an installation's folder is not valid
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

// resolveDocument resolves a parsed file that is, or will be, at abs.
func resolveDocument(d *yamlnode.Diagnosis, root *yamlnode.Node, abs string, version int,
	getenv func(string) string) *Config {
	r := &resolver{d: d, root: root, getenv: getenv, cfg: &Config{File: abs, Dir: filepath.Dir(abs), Version: version}}
	r.resolve()
	r.cfg.Warnings = convertWarnings(d)
	return r.cfg
}

// readVersion reads config_version. A file without it has version 3 when it has
// cliproxyapi_plus.config_file and no services, else the current version.
func readVersion(d *yamlnode.Diagnosis, root *yamlnode.Node) (int, bool) {
	f, ok := root.Field("config_version")
	if !ok {
		_, hasServices := root.Field("services")
		if _, hasConfigFile := root.Lookup("cliproxyapi_plus", "config_file"); hasConfigFile && !hasServices {
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

// convertWarnings returns the warnings of d, nil when there is none.
func convertWarnings(d *yamlnode.Diagnosis) (warnings []Warning) {
	for _, w := range d.Warnings {
		warnings = append(warnings, Warning(w))
	}
	return warnings
}
