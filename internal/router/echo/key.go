package echo

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// keyring holds the digests of the accepted keys: comparing digests takes the
// same time however much of a key is right and however long it is.
type keyring [][sha256.Size]byte

// newKeyring returns the ring of keys.
func newKeyring(keys []string) keyring {
	ring := make(keyring, 0, len(keys))
	for _, key := range keys {
		ring = append(ring, sha256.Sum256([]byte(key)))
	}
	return ring
}

// accepts reports whether key is one of the ring. It compares all of them, whatever it
// finds.
func (ring keyring) accepts(key string) bool {
	digest := sha256.Sum256([]byte(key))
	found := 0
	for i := range ring {
		found |= subtle.ConstantTimeCompare(ring[i][:], digest[:])
	}
	return found == 1
}

// requestKeys returns the keys that a request has, in any of the headers that
// CLIProxyAPI reads.
func requestKeys(h http.Header) []string {
	var keys []string
	if auth := strings.TrimSpace(h.Get("Authorization")); auth != "" {
		scheme, key, spaced := strings.Cut(auth, " ")
		if !spaced || !strings.EqualFold(scheme, "Bearer") {
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

// refusal is CLIProxyAPI's answer to a request without a good key, the same in
// every dialect (measured on version 7).
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
