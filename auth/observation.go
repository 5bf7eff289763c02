package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
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
func (o observations) apply(a *Account, c credential) {
	seen, ok := o[filepath.Base(a.File)]
	if ok && c.Refresh != "" && hmac.Equal([]byte(seen.Grant), []byte(hashed(seen.Salt, c.Refresh))) {
		a.State, a.Evidence, a.ObservedAt = seen.State, seen.Evidence, seen.At
	}
}

// observe remembers what was seen of a file's grant.
func observe(cfg *config.Config, file, grant string, state State, evidence string, now time.Time) error {
	salt := newSalt()
	all := readObservations(cfg)
	all[filepath.Base(file)] = observation{state, evidence, now.UTC(), salt, hashed(salt, grant)}
	data, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode observations: %w", err)
	}
	return writeFile(observationFile(cfg), data)
}

func newSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand since Go 1.24)
	return salt
}

// hashed is what grants are compared by.
func hashed(salt []byte, secret string) string {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write([]byte(secret))
	return base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
}
