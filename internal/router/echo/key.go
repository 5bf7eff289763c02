package echo

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// keyring holds the digests of the accepted keys. Comparing digests always takes the
// same time, however long a key is and however much of it is right.
type keyring [][sha256.Size]byte

// newKeyring returns the keyring of keys.
func newKeyring(keys []string) keyring {
	ring := make(keyring, 0, len(keys))
	for _, key := range keys {
		ring = append(ring, sha256.Sum256([]byte(key)))
	}
	return ring
}

// accepts reports whether key is in the ring. It always compares all of the keys.
func (ring keyring) accepts(key string) bool {
	digest := sha256.Sum256([]byte(key))
	found := 0
	for i := range ring {
		found |= subtle.ConstantTimeCompare(ring[i][:], digest[:])
	}
	return found == 1
}

// requestKeys returns the keys in the headers of a request. It looks into the headers
// that CLIProxyAPI reads.
func requestKeys(h http.Header) []string {
	var keys []string
	if auth := strings.TrimSpace(h.Get("Authorization")); auth != "" {
		scheme, key, hasScheme := strings.Cut(auth, " ")
		if !hasScheme || !strings.EqualFold(scheme, "Bearer") {
			key = auth
		}
		keys = append(keys, strings.TrimSpace(key))
	}
	for _, name := range []string{"X-Api-Key", "X-Goog-Api-Key"} {
		if key := h.Get(name); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// refusal is CLIProxyAPI's reply to a request without an accepted key. It is the same
// in every dialect (measured with version 7).
type refusal struct {
	Error string `json:"error"`
}

// requireKey returns a handler that calls next for requests with an accepted key only.
func (s *server) requireKey(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(s.keys) == 0 {
			next(w, r)
			return
		}
		keys := requestKeys(r.Header)
		if len(keys) == 0 {
			writeJSON(w, http.StatusUnauthorized, refusal{"Missing API key"})
			return
		}
		for _, key := range keys {
			if key != "" && s.keys.accepts(key) {
				next(w, r)
				return
			}
		}
		writeJSON(w, http.StatusUnauthorized, refusal{"Invalid API key"})
	}
}
