package grant

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// acceptance is a grant that the user allowed to be shared. A renewed token is
// another grant.
type acceptance struct {
	Salt  []byte `json:"salt"`
	Grant string `json:"grant"` // salted hash
}

// maxAccepted bounds the file; the oldest entries are dropped.
const maxAccepted = 200

// acceptedFile returns the file that accepted grants are kept in.
func acceptedFile(cfg *config.Config) string {
	return filepath.Join(cfg.Paths.RuntimeDir, "auth-shared.json")
}

// readAccepted returns the recorded grants, the oldest first.
func readAccepted(cfg *config.Config) []acceptance {
	var all []acceptance
	if data, err := safefile.Read(acceptedFile(cfg), safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &all) // a damaged file counts as none: the user is asked again
	}
	return all
}

// Accept records that these grants may be shared. Fault: write-failed.
func Accept(cfg *config.Config, grants ...string) error {
	all := readAccepted(cfg)
	for _, grant := range grants {
		if !isAccepted(all, grant) {
			salt := credential.NewSalt()
			all = append(all, acceptance{salt, credential.Hash(salt, grant)})
		}
	}
	data, err := json.Marshal(all[max(0, len(all)-maxAccepted):])
	if err != nil {
		return fmt.Errorf("encode the accepted grants: %w", err)
	}
	return privatefile.Write(acceptedFile(cfg), data)
}

// isAccepted reports whether one of the records is for the grant.
func isAccepted(all []acceptance, grant string) bool {
	return slices.ContainsFunc(all, func(a acceptance) bool {
		return hmac.Equal([]byte(a.Grant), []byte(credential.Hash(a.Salt, grant)))
	})
}
