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

// VerifyProgram hashes a program of a runtime's active install and the files in
// its own folder, which hold the interpreter of a script, and compares them with
// the signed manifest. A program from elsewhere is not looked at. It takes the
// time that its hash takes: a binary of 45 MB about 30 ms with the processor's
// SHA-256, 150 ms without; Verify takes a second for the whole of LiteLLM.
// Faults: state-untrusted, store-tampered, store-unreadable.
func VerifyProgram(cfg *config.Config, runtime, program string) error {
	rel, err := filepath.Rel(filepath.Join(Dir(cfg, runtime), currentName), program)
	if err != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // it is not one of the store's
	}
	if err := CheckProgram(cfg, runtime, rel); err != nil {
		return err
	}
	in, _ := Current(cfg, runtime)
	listed, err := safefile.Read(filepath.Join(in.Path, manifestName), safefile.BulkLimit)
	if err != nil || digest(listed) != in.Tree {
		return tamperedFault(in, nil, "its manifest is damaged")
	}
	for _, name := range filesBeside(listed, filepath.Dir(rel)) {
		now, err := manifestLine(in.Path, name)
		if err != nil || !slices.Contains(strings.SplitAfter(string(listed), "\n"), now) {
			return tamperedFault(in, []string{name}, name+" is not as it was installed")
		}
	}
	return nil
}

// filesBeside returns the files that a manifest lists in one folder.
func filesBeside(listed []byte, dir string) (names []string) {
	for line := range strings.Lines(string(listed)) {
		_, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		_, name, _ := strings.Cut(rest, " ")
		if filepath.Dir(filepath.FromSlash(name)) == dir {
			names = append(names, name)
		}
	}
	return names
}

// manifestLine returns the line of a manifest for one file as it is now.
func manifestLine(dir, name string) (string, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	sum, mode, err := fingerprintFile(path, fs.FileInfoToDirEntry(info))
	return fmt.Sprintf("%s %s %s\n", sum, mode, name), err
}

// tamperedFault returns the fault of an install whose files are not those of its manifest.
func tamperedFault(in Install, names []string, what string) *fault.Error {
	if names == nil {
		names = []string{}
	}
	return fault.New("store-tampered", "%s %s in %s was changed after its installation: %s", in.Name, in.Version, in.Path,
		what).
		WithHint("remove that folder and run mage bootstrap %s -version=%s", in.Name, in.Version).
		WithDetail(Tampered{Path: in.Path, Changed: names})
}
