package auth

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// observation is what was once seen of a grant: that the provider refused to
// renew it. It is kept because looking must not try again, and holds only as
// long as the credential holds that same grant.
type observation struct {
	State    State     `json:"state"`
	Evidence string    `json:"evidence"`
	At       time.Time `json:"at"`
	Salt     []byte    `json:"salt"`
	Grant    string    `json:"grant"` // salted hash of the refresh token
}

// observations are by file name.
type observations map[string]observation

func observationFile(cfg *config.Config) string {
	return filepath.Join(cfg.Paths.RuntimeDir, "auth-observed.json")
}

// readObservations returns what was seen earlier; a damaged file counts as none.
func readObservations(cfg *config.Config) observations {
	o := observations{}
	if data, err := safefile.Read(observationFile(cfg), safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &o)
	}
	return o
}

// apply puts what was seen earlier over what the file says.
func (o observations) apply(a *Account, c credential.Content) {
	seen, ok := o[filepath.Base(a.File)]
	if ok && c.RefreshToken != "" && hmac.Equal([]byte(seen.Grant), []byte(credential.Hash(seen.Salt, c.RefreshToken))) {
		a.State, a.Evidence, a.ObservedAt = seen.State, seen.Evidence, seen.At
	}
}

// RecordState remembers what was seen of a file's grant.
func RecordState(cfg *config.Config, file, grant string, state State, evidence string, now time.Time) error {
	salt := credential.NewSalt()
	all := readObservations(cfg)
	all[filepath.Base(file)] = observation{state, evidence, now.UTC(), salt, credential.Hash(salt, grant)}
	data, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode observations: %w", err)
	}
	return privatefile.Write(observationFile(cfg), data)
}
