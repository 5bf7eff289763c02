package generation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// MaxKept is how many generations are kept, not counting those that are pinned.
const MaxKept = 20

// RecordRequest says what Record records.
type RecordRequest struct {
	Config *config.Config
	Env    runtimestore.Environment // what services were executed with
	// secrets that must not be in a generation, besides those that their key or form shows to be secrets
	Secrets []string
	Reason  string
	Now     time.Time
}

// Record adds the state of a stack that has just become ready, unless the current
// generation has the same state, and returns the current generation. isNew says that it
// added one. It removes the oldest generations beyond MaxKept. Faults:
// generation-unwritable, generation-unreadable, generation-secret.
func Record(ctx context.Context, r RecordRequest) (g Generation, isNew bool, err error) {
	root := r.Config.Paths.Root()
	if err := os.MkdirAll(Dir(root), 0o700); err != nil {
		return g, false, unwritableFault(Dir(root), err)
	}
	lock, err := lockGenerations(ctx, root)
	if err != nil {
		return g, false, err
	}
	defer lock.Close()
	g, texts, err := takeSnapshot(r)
	if err != nil {
		return g, false, err
	}
	all, current, err := List(root)
	if err != nil {
		return g, false, err
	}
	for _, other := range all {
		if other.Number == current && !other.Unsigned && other.HasSameState(g) {
			return other, false, nil
		}
	}
	g.Number = 1
	if numbers, _ := listNumbers(root); len(numbers) > 0 {
		g.Number = numbers[len(numbers)-1] + 1
	}
	if err := writeGeneration(root, g, texts); err != nil {
		return g, false, unwritableFault(Dir(root), err)
	}
	if _, err := readPins(root); err != nil {
		return g, true, nil //nolint:nilerr // the pins are not known, so nothing is removed
	}
	return g, true, prune(root, append(all, g), g.Number)
}

// takeSnapshot returns the present state as a generation, and its sealed parts by name.
func takeSnapshot(r RecordRequest) (Generation, map[string]Sealed, error) {
	cfg := r.Config
	g := Generation{CreatedAt: r.Now.UTC(), Reason: r.Reason, FlowGate: r.Env.Version, Ready: true,
		ConfigFile: cfg.File, RuntimeDir: cfg.Paths.RuntimeDir, ProxyFile: cfg.CLIProxyConfigFile,
		Digests: map[string]string{}, Runtimes: currentRuntimes(cfg, r.Env)}
	g.Profile, _ = policy.Current(cfg)
	key, err := SecretKey(cfg.Paths.Secrets())
	if err != nil {
		return g, nil, err
	}
	texts := map[string]Sealed{}
	for part, path := range map[string]string{PartConfig: cfg.File, PartProxy: cfg.CLIProxyConfigFile,
		PartActive: cfg.Paths.ActiveConfig} {
		if path == "" {
			continue
		}
		text, err := safefile.Read(path, safefile.DocumentLimit)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return g, nil, unreadableFault(path, err)
		}
		sealed, err := Seal(text, key, r.Secrets)
		if err != nil {
			return g, nil, fault.New("generation-secret", "record %s: %w", path, err).
				WithHint("put the key into a file and refer to it: credentials.upstream.NAME: {file: …}")
		}
		texts[part], g.Digests[part] = sealed, Digest(sealed.Text)
	}
	return g, texts, nil
}

// SecretKey returns the key for the digests of secrets from the folder dir, and makes it
// when there is none. Without the key nobody can test whether a guess has a given digest.
func SecretKey(dir string) ([]byte, error) {
	key, _, err := keyfile.Ensure(filepath.Join(dir, "generation.key"))
	if err != nil {
		return nil, unwritableFault(dir, err)
	}
	return []byte(key), nil
}

// currentRuntimes returns the runtimes of the services as they would be executed now.
func currentRuntimes(cfg *config.Config, env runtimestore.Environment) []Runtime {
	list := make([]Runtime, 0, len(cfg.Services))
	for _, svc := range cfg.Services {
		r := Runtime{Service: svc.Name, Runtime: svc.Runtime}
		if spec, err := runtimestore.Command(cfg, svc, env); err == nil {
			r.Version = spec.Version
			if strings.HasPrefix(
				spec.Args[0],
				filepath.Join(store.Dir(cfg, svc.Runtime), "current")+string(filepath.Separator),
			) {
				r.Folder = store.ActiveFolder(cfg, svc.Runtime)
			}
		}
		list = append(list, r)
	}
	return list
}

// writeGeneration writes the folder of a generation, moves it to its place when it is
// complete, and makes it the current one.
func writeGeneration(root string, g Generation, texts map[string]Sealed) error {
	temp, err := os.MkdirTemp(Dir(root), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return err
	}
	g.SecretDigests = map[string]string{}
	for part, sealed := range texts {
		if err := renameio.WriteFile(filepath.Join(temp, part+".yaml"), sealed.Text, 0o600); err != nil {
			return err
		}
		if len(sealed.Secrets) == 0 {
			continue
		}
		data, err := marshalIndented(sealed.Secrets)
		if err != nil {
			return err
		}
		if err := renameio.WriteFile(filepath.Join(temp, part+".secrets.json"), data, 0o600); err != nil {
			return err
		}
		g.SecretDigests[part] = Digest(data)
	}
	record, err := marshalIndented(g)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(temp, recordName), key.Seal(recordKind, trust.Place(root), record),
		0o600); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(Dir(root), folderName(g.Number))); err != nil {
		return err
	}
	return renameio.WriteFile(CurrentPath(root), []byte(strconv.Itoa(g.Number)+"\n"), 0o600)
}

// marshalIndented returns v as indented JSON with a line feed at its end.
func marshalIndented(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

// prune removes the oldest generations beyond MaxKept, but not the current one or pinned ones.
func prune(root string, all []Generation, current int) error {
	kept := 0
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Pinned || all[i].Number == current {
			continue
		}
		if kept++; kept < MaxKept {
			continue
		}
		if err := os.RemoveAll(filepath.Join(Dir(root), folderName(all[i].Number))); err != nil {
			return unwritableFault(Dir(root), err)
		}
	}
	return nil
}

// lockGenerations takes the lock for changes to the set of generations and pins.
func lockGenerations(ctx context.Context, root string) (io.Closer, error) {
	lock, err := flock.Take(ctx, filepath.Join(Dir(root), ".lock"), time.Minute)
	if err != nil {
		return nil, unwritableFault(Dir(root), err)
	}
	return lock, nil
}

// Pin excludes a generation from pruning if pinned is true, else includes it again. It locks
// the generations, so that no pin is lost when several commands run at once. Faults:
// generation-unwritable; generation-unreadable when the existing pins cannot be read; those
// of Find.
func Pin(ctx context.Context, root string, n int, pinned bool) (Generation, error) {
	if g, err := Find(root, n); err != nil { // before the lock, for which the folder must exist
		return g, err
	}
	lock, err := lockGenerations(ctx, root)
	if err != nil {
		return Generation{}, err
	}
	defer lock.Close()
	g, err := Find(root, n)
	if err != nil {
		return g, err
	}
	list, err := readPins(root)
	if err != nil {
		return g, unreadableFault(pinsPath(root), err)
	}
	list = slices.DeleteFunc(list, func(m int) bool { return m == n })
	if pinned {
		list = append(list, n)
	}
	data, err := json.Marshal(list)
	if err == nil {
		err = renameio.WriteFile(pinsPath(root), append(data, '\n'), 0o600)
	}
	if err != nil {
		return g, unwritableFault(pinsPath(root), err)
	}
	g.Pinned = pinned
	return g, nil
}

// pinsPath returns the file of the pins.
func pinsPath(root string) string { return filepath.Join(Dir(root), "pins.json") }

// readPins returns the numbers of the pinned generations; none when there is no file.
func readPins(root string) (list []int, err error) {
	data, err := trust.ReadState(root, pinsPath(root), maxRecordSize)
	if errors.Is(err, fs.ErrNotExist) {
		return []int{}, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	return list, err
}

// Digest returns "sha256:" and the hexadecimal SHA-256 of data.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
