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

// observation records that the provider refused to renew a grant. It is kept
// because showing accounts must not try again, and counts only while the
// credential file holds that same grant.
type observation struct {
	State    State     `json:"state"`
	Evidence string    `json:"evidence"`
	At       time.Time `json:"at"`
	Salt     []byte    `json:"salt"`
	Grant    string    `json:"grant"` // salted hash of the refresh token
}

// observations are keyed by file name.
type observations map[string]observation

// observationFile returns the file that observations are kept in.
func observationFile(cfg *config.Config) string {
	return filepath.Join(cfg.Paths.RuntimeDir, "auth-observed.json")
}

// readObservations returns the recorded observations; a damaged file counts as none.
func readObservations(cfg *config.Config) observations {
	o := observations{}
	if data, err := safefile.Read(observationFile(cfg), safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &o)
	}
	return o
}

// apply replaces the state that follows from the file by the recorded one.
func (o observations) apply(a *Account, c credential.Content) {
	seen, ok := o[filepath.Base(a.File)]
	if ok && c.RefreshToken != "" && hmac.Equal([]byte(seen.Grant), []byte(credential.Hash(seen.Salt, c.RefreshToken))) {
		a.State, a.Evidence, a.ObservedAt = seen.State, seen.Evidence, seen.At
	}
}

// RecordState records what was observed about a file's grant, so that Accounts shows
// it. Fault: write-failed.
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
