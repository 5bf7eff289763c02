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

// recordKind is the kind of a generation's record in its signature (see trust.Key).
const recordKind = "generation"

// Sizes of the largest record and the largest part, which is a configuration file, that are
// read, in bytes.
const (
	maxRecordSize = 1 << 20
	maxPartSize   = 8 << 20
)

// verifier verifies the signatures of the records below one root. Without a key every record
// counts as unsigned.
type verifier struct {
	key   trust.Key
	place string
}

// newVerifier returns a verifier with this user's key.
func newVerifier(root string) verifier {
	key, _ := trust.LoadKey(os.Getenv) // without a key, nothing was ever signed here
	return verifier{key, trust.Place(root)}
}

// Sign signs the generations below root that have no valid signature. It does not change
// damaged ones. Faults: not-yours, when a record belongs to another user; trust-unwritable,
// generation-unreadable, generation-unwritable.
func Sign(root string) error {
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return err
	}
	list, err := listNumbers(root)
	if err != nil {
		return err
	}
	signatures := verifier{key, trust.Place(root)}
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

// checkParts returns a fault unless all parts are as they were recorded. Fault:
// generation-damaged.
func (g Generation) checkParts(root string) error {
	for part := range g.Digests {
		if _, err := g.ReadPart(root, part); err != nil {
			return err
		}
	}
	return nil
}

// Damage says why one generation cannot be restored.
type Damage struct {
	Number int    `json:"number"`
	Reason string `json:"reason"`
}

// findDamaged returns the generations below root that cannot be restored, with the reasons.
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
