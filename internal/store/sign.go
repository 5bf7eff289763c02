package store

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// recordKind is the kind of an install's record in its signature (see trust.Key).
const recordKind = "store"

// maxRecordSize is the size of the largest record that is read, in bytes.
const maxRecordSize = 1 << 20

// rootOf returns config.Paths.Root for the folder of an install.
func rootOf(path string) string { return filepath.Dir(filepath.Dir(filepath.Dir(path))) }

// CheckSigned returns a fault when this user's FlowGate did not make the install in here:
// such an install is not activated automatically. Fault: state-untrusted.
func CheckSigned(in Install) error {
	if in.Signed {
		return nil
	}
	return fault.Usage("state-untrusted", "%s %s in %s was not installed by this user's FlowGate here", in.Name,
		in.Version, in.Path).
		WithHint("remove that folder and install it again; if it is yours, of a version before 0.2 or of a folder that was " +
			"moved: mage trust")
}

// CheckProgram returns a fault when a program in the folder of a runtime's active install
// must not be executed: the link current does not lead to an install, or this
// user's FlowGate did not make that install. Fault: state-untrusted.
func CheckProgram(cfg *config.Config, name, program string) error {
	in, ok := Current(cfg, name)
	if !ok {
		return fault.Usage("state-untrusted", "%s does not lead to something that FlowGate installed, so %s in it is not "+
			"executed",
			filepath.Join(Dir(cfg, name), currentName), program).
			WithHint("remove it, then install one with mage bootstrap %s", name)
	}
	return CheckSigned(in)
}

// Sign signs the records that have no valid signature. Faults: not-yours,
// trust-unwritable, store-unreadable, store-unwritable.
func Sign(cfg *config.Config) error {
	all, err := Installed(cfg)
	if err != nil {
		return err
	}
	for _, in := range all {
		if in.Signed {
			continue
		}
		key, err := trust.EnsureKey(os.Getenv)
		if err != nil {
			return err
		}
		path := filepath.Join(in.Path, recordName)
		data, err := trust.ReadState(rootOf(in.Path), path, maxRecordSize)
		if err != nil {
			return err
		}
		doc, _ := trust.SplitSignature(data)
		if err := renameio.WriteFile(path, key.Seal(recordKind, trust.Place(rootOf(in.Path)), doc), 0o600); err != nil {
			return unwritableFault(path, err)
		}
	}
	return nil
}
