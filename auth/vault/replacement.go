package vault

import (
	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// Replacement is a credential file that will be replaced. Its temporary file
// exists already, so that a file that cannot be written is known beforehand.
type Replacement struct {
	path    string
	pending *renameio.PendingFile
}

// Prepare begins to replace a credential file. Call Discard at the end, also after
// Write. The caller holds the lock of the folder. Fault: write-failed.
func Prepare(path string) (*Replacement, error) {
	pending, err := privatefile.Begin(path)
	if err != nil {
		return nil, err
	}
	return &Replacement{path, pending}, nil
}

// Write replaces the file. Fault: write-failed; the old file is unchanged then.
func (r *Replacement) Write(data []byte) error { return privatefile.Finish(r.pending, r.path, data) }

// Discard removes the temporary file if it was not written.
func (r *Replacement) Discard() { _ = r.pending.Cleanup() }
