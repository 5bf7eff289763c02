package generation

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// FindRoot returns the folder below which the generations of a configuration file are
// (config.Paths.Root). The file may be invalid or missing: FindRoot tries each runtime_dir
// in its text and the default places, and returns the first whose newest generation was
// recorded for this file. file is "" for the built-in default in dir. Fault:
// generation-unknown.
func FindRoot(file, dir string) (root string, err error) {
	if file == "" {
		return config.Default(dir).Paths.Root(), nil
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return "", unreadableFault(file, err)
	}
	base := filepath.Dir(file)
	candidates := []string{filepath.Join(base, "..", ".router", "runtime"), filepath.Join(base, ".router", "runtime")}
	if text, err := safefile.Read(file, safefile.DocumentLimit); err == nil {
		for _, dir := range runtimeDirsIn(file, text) {
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(base, dir)
			}
			candidates = append([]string{dir}, candidates...)
		}
	}
	for _, dir := range candidates {
		root := config.Paths{RuntimeDir: filepath.Clean(dir)}.Root()
		if isRecordedFor(root, file) {
			return root, nil
		}
	}
	return "", fault.Usage("generation-unknown", "no generation of %s is recorded near it", file).
		WithHint("mage start records one when the stack is ready")
}

// runtimeDirsIn returns paths.runtime_dir of a configuration file. When the text does not
// parse, it returns the rest of each line that contains runtime_dir.
func runtimeDirsIn(file string, text []byte) []string {
	if root := yamlnode.Parse(yamlnode.NewDiagnosis(file), text); root != nil {
		f, ok := root.Lookup("paths", "runtime_dir")
		if !ok || f.Value.Text == "" {
			return nil
		}
		return []string{f.Value.Text}
	}
	var dirs []string
	for line := range strings.Lines(string(text)) {
		_, value, ok := strings.Cut(line, "runtime_dir")
		if value = strings.Trim(value, " \t\r\n:\"'{},"); ok && value != "" {
			dirs = append(dirs, value)
		}
	}
	return dirs
}

// isRecordedFor reports whether the newest readable generation below root was recorded for
// file.
func isRecordedFor(root, file string) bool {
	if _, err := os.Stat(Dir(root)); err != nil {
		return false
	}
	all, _, err := List(root)
	return err == nil && len(all) > 0 && all[len(all)-1].ConfigFile == file
}
