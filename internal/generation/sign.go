package generation

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// recordKind names a generation's record to trust.Key.
const recordKind = "generation"

// Bounds of what is read of a generation: a record, and a part's text, which is a
// configuration file.
const (
	maxRecordSize = 1 << 20
	maxPartSize   = 8 << 20
)

// signer verifies the signatures of the records below one root. Without a key every record
// counts as unsigned.
type signer struct {
	key   trust.Key
	place string
}

func newSigner(root string) signer {
	key, _ := trust.LoadKey(os.Getenv) // without a key, nothing was ever signed here
	return signer{key, trust.Place(root)}
}

// Sign signs the generations below root that have no signature, each only when
// its files are the user's own and whole. Those that are damaged are left as they
// are. Faults: not-yours, trust-unwritable, generation-unwritable.
func Sign(root string) error {
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return err
	}
	list, err := listNumbers(root)
	if err != nil {
		return err
	}
	signatures := signer{key, trust.Place(root)}
	for _, n := range list {
		path := filepath.Join(Dir(root), folderName(n), recordName)
		data, err := trust.ReadState(root, path, maxRecordSize)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		g, err := signatures.decode(n, data)
		if err != nil || !g.Unsigned || g.checkParts(root) != nil {
			continue
		}
		doc, _ := trust.SplitSignature(data)
		if err := renameio.WriteFile(path, key.Seal(recordKind, signatures.place, doc), 0o600); err != nil {
			return unwritableFault(path, err)
		}
	}
	return nil
}

// checkParts returns a fault unless all parts exist as they were recorded.
func (g Generation) checkParts(root string) error {
	for part := range g.Digests {
		if _, err := g.ReadPart(root, part); err != nil {
			return err
		}
	}
	return nil
}

// Damage is why one generation cannot be restored.
type Damage struct {
	Number int    `json:"number"`
	Reason string `json:"reason"`
}

// findDamaged returns which generations below root cannot be restored, and why.
func findDamaged(root string) ([]Damage, error) {
	list, err := listNumbers(root)
	if err != nil {
		return nil, err
	}
	var all []Damage
	for _, n := range list {
		if _, err := Find(root, n); err != nil {
			all = append(all, Damage{n, fault.From(err).Message})
		}
	}
	return all, nil
}
