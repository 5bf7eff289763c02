package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// VerifyProgram returns a fault when a program of a runtime's active install, or a
// file in the program's folder, such as the interpreter of a script, differs from
// the signed manifest. It does not check a program that is not in the store. Hashing a
// binary of 45 MB takes about 30 ms with the processor's SHA-256, 150 ms without;
// Verify takes a second for all of LiteLLM. Faults: state-untrusted, store-tampered.
func VerifyProgram(cfg *config.Config, runtime, program string) error {
	rel, err := filepath.Rel(filepath.Join(Dir(cfg, runtime), currentName), program)
	if err != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // the program is not in the store
	}
	if err := CheckProgram(cfg, runtime, rel); err != nil {
		return err
	}
	in, _ := Current(cfg, runtime)
	manifest, err := safefile.Read(filepath.Join(in.Path, manifestName), safefile.BulkLimit)
	if err != nil || hashOf(manifest) != in.Tree {
		return tamperedFault(in, nil, "its manifest is damaged")
	}
	for _, name := range filesInFolder(manifest, filepath.Dir(rel)) {
		line, err := manifestLine(in.Path, name)
		if err != nil || !slices.Contains(strings.SplitAfter(string(manifest), "\n"), line) {
			return tamperedFault(in, []string{name}, name+" is not as it was installed")
		}
	}
	return nil
}

// filesInFolder returns the files that a manifest lists in one folder.
func filesInFolder(manifest []byte, dir string) (names []string) {
	for line := range strings.Lines(string(manifest)) {
		_, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		_, name, _ := strings.Cut(rest, " ")
		if filepath.Dir(filepath.FromSlash(name)) == dir {
			names = append(names, name)
		}
	}
	return names
}

// manifestLine returns the line that a manifest would have for the present state of a file.
func manifestLine(dir, name string) (string, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	sum, mode, err := fingerprintFile(path, fs.FileInfoToDirEntry(info))
	return fmt.Sprintf("%s %s %s\n", sum, mode, name), err
}

// tamperedFault returns the fault for an install whose files are not those of its manifest.
func tamperedFault(in Install, names []string, reason string) *fault.Error {
	if names == nil {
		names = []string{}
	}
	return fault.New("store-tampered", "%s %s in %s was changed after its installation: %s", in.Name, in.Version, in.Path,
		reason).
		WithHint("remove that folder and run mage bootstrap %s -version=%s", in.Name, in.Version).
		WithDetail(Tampered{Path: in.Path, Changed: names})
}
