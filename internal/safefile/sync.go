package safefile

import (
	"errors"
	"os"
)

// SyncDir flushes a folder to disk, so that a rename or removal in it survives a power
// cut.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
