// Package generation keeps the states in which a stack was ready, so that one
// can be restored: configuration, profile and runtimes by number, in
// generations/NNNN. Record adds one, List and Find read them.
//
// A generation contains no credential and no key, but placeholders for them (see
// Sealed). The package restores nothing; package supervisor/stack does.
//
// It has more than 700 lines because a record, its sealed parts, its signature and the
// pins are one format on disk: the code that lists or prunes generations has to read all
// of them.
package generation

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sourcegraph/conc/iter"
	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Generation is one recorded state.
type Generation struct {
	Number    int               `json:"number"`
	CreatedAt time.Time         `json:"created_at"`
	Reason    string            `json:"reason"`   // the command: start, profile:set, bootstrap:update, config:migrate
	Profile   string            `json:"profile"`  // "" in configuration version 3
	Digests   map[string]string `json:"digests"`  // "sha256:…" by part, of the text without its secrets
	Runtimes  []Runtime         `json:"runtimes"` // one for each service
	FlowGate  string            `json:"flowgate"` // version of FlowGate that recorded it
	Ready     bool              `json:"ready"`    // all its services were seen ready
	Pinned    bool              `json:"pinned"`   // it is never removed

	ConfigFile string `json:"config_file"` // "" for the built-in default
	RuntimeDir string `json:"runtime_dir"`
	ProxyFile  string `json:"proxy_file,omitempty"` // CLIProxyAPI's own configuration

	// SecretDigests has the digests of the files that describe the secrets of the parts, by part.
	SecretDigests map[string]string `json:"secret_digests,omitempty"`

	// Verified is the older name of Ready, which scripts and earlier versions read. In the
	// report of a rollback or an update, "verified" means that requests were answered.
	Verified bool `json:"verified"`

	// Unsigned says that this user's FlowGate did not write the record. Such a generation is
	// not restored.
	Unsigned bool `json:"unsigned,omitempty"`
}

// Runtime is the runtime that a service ran.
type Runtime struct {
	Service string `json:"service"`
	Runtime string `json:"runtime"`
	Version string `json:"version"`          // "" when unknown
	Folder  string `json:"folder,omitempty"` // in the store; "" for one outside it, which a rollback cannot change
}

// Parts of a generation, and the files that hold their texts.
const (
	PartConfig = "flowgate"    // flowgate.yaml
	PartProxy  = "cliproxyapi" // cliproxyapi.yaml
	PartActive = "active"      // the generated router configuration, for comparison only
)

// recordName is the file of a generation's record.
const recordName = "generation.json"

// Dir returns the folder of a stack's generations; root is config.Paths.Root.
func Dir(root string) string { return filepath.Join(root, "generations") }

// List returns the generations below root in the order of their numbers, and the number of
// the current one, 0 for none. It leaves out generations that cannot be read; for such a one
// Find returns the reason. Reading a thousand takes some milliseconds. Fault:
// generation-unreadable.
func List(root string) (all []Generation, current int, err error) {
	dir, err := os.Open(Dir(root))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, unreadableFault(Dir(root), err)
	}
	defer dir.Close()
	numbers, err := numbersInDir(dir)
	if err != nil {
		return nil, 0, err
	}
	pinned, _ := readPins(root) // Record removes no generation when they cannot be read
	signatures := newVerifier(root)
	all = make([]Generation, 0, len(numbers))
	at := int(dir.Fd())
	for _, g := range iter.Map(numbers, func(n *int) Generation { return readFast(signatures, root, at, *n) }) {
		if g.Number > 0 {
			g.Pinned = slices.Contains(pinned, g.Number)
			all = append(all, g)
		}
	}
	return all, Current(root), nil
}

// listNumbers returns the numbers of the generations below root, in order.
func listNumbers(root string) ([]int, error) {
	dir, err := os.Open(Dir(root))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadableFault(Dir(root), err)
	}
	defer dir.Close()
	return numbersInDir(dir)
}

// numbersInDir returns the numbers of the generations in the open folder dir, in order.
func numbersInDir(dir *os.File) ([]int, error) {
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, unreadableFault(dir.Name(), err)
	}
	var list []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil && n > 0 && name == folderName(n) {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

// folderName returns the name of a generation's folder: its number with at least four digits.
func folderName(n int) string {
	text := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 4-len(text))) + text
}

// readRecord reads one record. It does not set Pinned, because pins are kept in a file of
// their own, so that a record never changes. Faults: not-yours, generation-damaged.
func readRecord(signatures verifier, root string, n int) (Generation, error) {
	dir := filepath.Join(Dir(root), folderName(n))
	data, err := trust.ReadState(root, filepath.Join(dir, recordName), maxRecordSize)
	var g Generation
	if err == nil {
		g, err = signatures.decode(n, data)
	}
	if f := fault.From(err); err != nil && f.Code == "not-yours" {
		return g, err
	}
	if err != nil {
		return g, fault.New("generation-damaged", "generation %d in %s is damaged: %w", n, dir, err).
			WithHint("mage generation:list shows the others")
	}
	return g, nil
}

// decode returns the record of generation n in data, and checks its signature.
func (v verifier) decode(n int, data []byte) (g Generation, err error) {
	if err := json.Unmarshal(data, &g); err != nil {
		return Generation{}, err
	}
	if g.Number != n {
		return Generation{}, errors.New("it is the record of another one")
	}
	_, signatureErr := v.key.Open(recordKind, v.place, data)
	g.Unsigned = signatureErr != nil
	g.Ready = g.Ready || g.Verified
	g.Verified = g.Ready
	return g, nil
}

// readFast is a faster readRecord for lists: dir is the file descriptor of the folder of all
// generations. For a record that cannot be read it returns a Generation without a number.
func readFast(signatures verifier, root string, dir, n int) Generation {
	g, err := signatures.decode(n, readRecordAt(dir, n))
	if err != nil {
		g, _ = readRecord(signatures, root, n)
	}
	return g
}

// fastRecordSize is a size in bytes that exceeds that of any record of two services.
const fastRecordSize = 4 << 10

// readRecordAt returns the bytes of a record, nil when it cannot be read or is longer than
// fastRecordSize.
func readRecordAt(dir, n int) []byte {
	fd, err := unix.Openat(
		dir,
		folderName(n)+"/"+recordName,
		unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW,
		0,
	)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	data := make([]byte, fastRecordSize)
	size, err := unix.Read(fd, data)
	if err != nil || size == len(data) {
		return nil
	}
	return data[:size]
}

// Find returns one generation and checks its parts. Faults: generation-unknown,
// generation-damaged, generation-unreadable, state-untrusted, not-yours.
func Find(root string, n int) (Generation, error) {
	list, err := listNumbers(root)
	if err != nil {
		return Generation{}, err
	}
	if !slices.Contains(list, n) {
		return Generation{}, fault.Usage("generation-unknown", "there is no generation %d", n).WithHint("%s", keptHint(list))
	}
	g, err := readRecord(newVerifier(root), root, n)
	if err != nil {
		return g, err
	}
	if g.Unsigned {
		return g, fault.Usage("state-untrusted", "generation %d in %s was not written by this user's FlowGate here", n,
			filepath.Join(Dir(root), folderName(n))).
			WithHint("if it is yours, of a version before 0.2 or of a folder that was moved: mage trust")
	}
	pinned, _ := readPins(root)
	g.Pinned = slices.Contains(pinned, n)
	for part := range g.Digests {
		if _, err := g.ReadPart(root, part); err != nil {
			return g, err
		}
	}
	return g, nil
}

// keptHint returns a hint that names the numbers of the existing generations.
func keptHint(list []int) string {
	if len(list) == 0 {
		return program.Text("none is recorded yet: mage start records one when the stack is ready")
	}
	return "the kept ones are " + strconv.Itoa(
		list[0],
	) + " to " + strconv.Itoa(
		list[len(list)-1],
	) + program.Text("; mage generation:list shows them")
}

// ReadPart returns the text of one part without its secrets. Fault: generation-damaged.
func (g Generation) ReadPart(root, part string) (Sealed, error) {
	path := filepath.Join(Dir(root), folderName(g.Number), part+".yaml")
	data, err := trust.ReadState(root, path, maxPartSize)
	if err == nil && Digest(data) != g.Digests[part] {
		err = errors.New("its digest is not the recorded one")
	}
	if err != nil {
		return Sealed{}, fault.New("generation-damaged", "generation %d: read %s: %w", g.Number, path, err).
			WithHint("mage generation:list shows the others")
	}
	sealed := Sealed{Text: data}
	data, err = trust.ReadState(root, filepath.Join(Dir(root), folderName(g.Number), part+".secrets.json"), maxPartSize)
	if want := g.SecretDigests[part]; err == nil && want != "" && Digest(data) != want {
		err = errors.New("its digest is not the recorded one")
	}
	if err == nil {
		err = json.Unmarshal(data, &sealed.Secrets)
	}
	if err != nil && (!errors.Is(err, fs.ErrNotExist) || strings.Contains(string(sealed.Text), placeholderBegin)) {
		return Sealed{}, fault.New("generation-damaged", "generation %d: read the list of its secrets: %w", g.Number, err).
			WithHint("mage generation:list shows the others")
	}
	return sealed, nil
}

// CurrentPath returns the file that says which generation is in force.
func CurrentPath(root string) string { return filepath.Join(Dir(root), "current") }

// Current returns the number of the generation in force, 0 for none.
func Current(root string) int {
	data, err := trust.ReadState(root, CurrentPath(root), 32)
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// FindPrevious returns the generation that a rollback without a number restores: the last
// signed one before the current one whose services were seen ready. Fault:
// generation-unknown.
func FindPrevious(all []Generation, current int) (Generation, error) {
	for _, g := range slices.Backward(all) {
		if g.Number < current && g.Ready && !g.Unsigned {
			return g, nil
		}
	}
	return Generation{}, fault.Usage("generation-unknown", "there is no generation before %d to go back to", current).
		WithHint("mage generation:list shows what is kept")
}

// HasSameState reports whether two generations have the same parts, profile and runtimes.
func (g Generation) HasSameState(other Generation) bool {
	equal := g.Profile == other.Profile && len(g.Digests) == len(other.Digests) && slices.Equal(g.Runtimes, other.Runtimes)
	for part, digest := range g.Digests {
		equal = equal && other.Digests[part] == digest
	}
	return equal
}

// unreadableFault returns the fault generation-unreadable for a failed read.
func unreadableFault(path string, err error) error {
	return fault.New("generation-unreadable", "read %s: %w", path, err).WithHint("its files must belong to you")
}

// unwritableFault returns the fault generation-unwritable for a failed write.
func unwritableFault(path string, err error) error {
	return fault.Unwritable("generation-unwritable", path, err, "")
}
