package client

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxPackage bounds a package.json, in bytes.
const maxPackage = 1 << 20

// version returns the version of the package that a program belongs to, without starting it; ""
// when its package does not say.
func (c Client) version(program string) string {
	resolved, err := filepath.EvalSymlinks(program)
	if err != nil {
		return ""
	}
	if c.Python != "" {
		return pythonVersion(resolved, c.Python)
	}
	if c.Package == "" {
		return ""
	}
	for dir := filepath.Dir(resolved); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) != "node_modules" {
			continue
		}
		// The program may be in a package for this system, beside its own: Cline's is.
		if version := npmVersion(filepath.Join(dir, c.Package)); version != "" {
			return version
		}
	}
	return ""
}

// npmVersion returns the version in the package.json of a folder; "" when there is none.
func npmVersion(dir string) string {
	text, err := safefile.Read(filepath.Join(dir, "package.json"), maxPackage)
	var doc struct {
		Version string `json:"version"`
	}
	if err != nil || json.Unmarshal(text, &doc) != nil {
		return ""
	}
	return doc.Version
}

// pythonVersion returns the version of a distribution that is installed in the environment to
// which a script in its bin belongs: the name of its folder of metadata has it (PEP 376).
func pythonVersion(script, distribution string) string {
	const metadata = ".dist-info"
	environment := filepath.Dir(filepath.Dir(script))
	pattern := filepath.Join(environment, "lib", "python3*", "site-packages", distribution+"-*"+metadata)
	found, _ := filepath.Glob(pattern) // the pattern is valid
	if len(found) != 1 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), distribution+"-"), metadata)
}

// covers reports whether the entry is for a version. One that is not known may be.
func (c Client) covers(version string) bool {
	v := "v" + version
	if !semver.IsValid(v) {
		return true
	}
	return (c.From == "" || semver.Compare(v, "v"+c.From) >= 0) && (c.Before == "" || semver.Compare(v, "v"+c.Before) < 0)
}

// checkVersion checks that the installed program, if there is one, is of a version that the
// entry is for. Fault: client-version.
func (c Client) checkVersion() error {
	if c.Sibling == "" || c.lookProgram() != "" {
		return nil
	}
	sibling, err := Find(c.Sibling)
	if err != nil {
		return err
	}
	path := sibling.lookProgram()
	if path == "" {
		return nil
	}
	return fault.Usage("client-version", "%s is %s, and %s has other settings", path, sibling.version(path), c.Title).
		WithHint("mage client:setup %s is for the version that is installed", sibling.Name)
}
