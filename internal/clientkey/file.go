package clientkey

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// fileVersion is the version of the files that this package writes and reads.
const fileVersion = 1

// maxFileBytes is the longest file that is read: some 20,000 keys.
const maxFileBytes = 16 << 20

// maxAlias is the longest name of a key, in bytes: it is a label of metrics.
const maxAlias = 64

// keysFile is the form of the file.
type keysFile struct {
	Version int   `json:"version"`
	Keys    []Key `json:"keys"`
}

// Read returns the keys in the folder of an installation's keys, which may be a mounted Secret; none when
// there is no file.
// Faults: not-yours for a file that other users may have written, client-keys-invalid.
func Read(folder string) ([]Key, error) {
	path := filepath.Join(folder, FileName)
	data, err := readOwn(folder, FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys, err := Decode(data)
	if err != nil {
		return nil, fault.New("client-keys-invalid", "%s: %w", path, err).
			WithHint("restore the file, or move it away and create the keys again")
	}
	return keys, nil
}

// readOwn reads a file in the folder of an installation's keys, or in a mounted Secret.
func readOwn(folder, name string) ([]byte, error) {
	if ownfile.IsMounted(folder) {
		return ownfile.ReadMounted(folder, name, maxFileBytes)
	}
	return ownfile.Read(filepath.Join(folder, name), maxFileBytes)
}

// Decode reads the content of a file of keys. It refuses what it does not know: a limit that is
// not understood would not be enforced.
func Decode(data []byte) ([]Key, error) {
	var file keysFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		var head struct{ Version int }
		if json.Unmarshal(data, &head) == nil && head.Version > fileVersion {
			return nil, newerError(head.Version)
		}
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	if d.More() {
		return nil, errors.New("something follows the document")
	}
	if file.Version != fileVersion {
		return nil, newerError(file.Version)
	}
	seen := map[string]bool{}
	for _, k := range file.Keys {
		if err := k.check(); err != nil {
			return nil, fmt.Errorf("key %q: %w", k.Alias, err)
		}
		for _, unique := range []string{"alias " + k.Alias, k.Token, "id " + k.TokenID} {
			if seen[unique] {
				return nil, fmt.Errorf("key %q is there twice", k.Alias)
			}
			seen[unique] = true
		}
	}
	return file.Keys, nil
}

// newerError returns the error for a file of another version.
func newerError(version int) error {
	return fmt.Errorf("it has version %d; this FlowGate reads version %d", version, fileVersion)
}

// encode returns the content of a file with keys.
func encode(keys []Key) ([]byte, error) {
	data, err := json.MarshalIndent(keysFile{fileVersion, keys}, "", "  ")
	return append(data, '\n'), err
}

// check returns what is wrong with a key of a file.
func (k Key) check() error {
	if err := checkAlias(k.Alias); err != nil {
		return err
	}
	if !isToken(k.Token) || !isToken(k.TokenID) || k.PreviousToken != "" && !isToken(k.PreviousToken) {
		return errors.New("a token must be the SHA-256 of a key in lower-case hexadecimal digits")
	}
	return k.Limits.check(fieldNames)
}

// isToken reports whether a text is a SHA-256 in lower-case hexadecimal digits.
func isToken(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == 32 && strings.ToLower(text) == text
}

// checkAlias returns what is wrong with the name of a key.
func checkAlias(alias string) error {
	valid := alias != "" && len(alias) <= maxAlias && isWordByte(alias[0])
	for i := range len(alias) {
		valid = valid && (isWordByte(alias[i]) || strings.IndexByte("._-@", alias[i]) >= 0)
	}
	if !valid {
		return fmt.Errorf("a name has 1 to %d letters of ASCII, digits and . _ - @, and begins with a letter or a digit",
			maxAlias)
	}
	return nil
}

// isWordByte reports whether c is a letter or a digit of ASCII.
func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// limitNames are what messages call the limits of a key.
type limitNames struct{ rpm, tpm, maxParallel, budget, period string }

// The limits have the names of LiteLLM's fields in the file, and those of flags on the command line.
var (
	fieldNames = limitNames{"rpm_limit", "tpm_limit", "max_parallel_requests", "max_budget", "budget_duration"}
	flagNames  = limitNames{"-rpm", "-tpm", "-max-parallel", "-budget", "-period"}
)

// check returns what is wrong with limits, in the names that their source has for them.
func (l Limits) check(names limitNames) error {
	for _, limit := range []struct {
		name  string
		value *int64
	}{{names.rpm, l.RPM}, {names.tpm, l.TPM}, {names.maxParallel, l.MaxParallel}} {
		if limit.value != nil && *limit.value < 1 {
			return fmt.Errorf("%s must be at least 1, not %d", limit.name, *limit.value)
		}
	}
	if b := l.MaxBudget; b != nil && (!(*b > 0) || math.IsInf(*b, 0)) {
		return fmt.Errorf("%s must be a number of dollars above 0", names.budget)
	}
	if l.BudgetDuration != "" {
		if l.MaxBudget == nil {
			return fmt.Errorf("%s needs %s", names.period, names.budget)
		}
		if _, err := parsePeriod(l.BudgetDuration); err != nil {
			return fmt.Errorf("%s=%s: %w", names.period, l.BudgetDuration, err)
		}
	}
	for _, model := range l.Models {
		if strings.TrimSpace(model) == "" {
			return errors.New("a model has no name")
		}
	}
	for _, route := range l.AllowedRoutes {
		if !strings.HasPrefix(route, "/") {
			return fmt.Errorf("the route %q must begin with /", route)
		}
	}
	return nil
}
