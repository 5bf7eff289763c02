// Package access decides which requests the router answers: by the key that they
// bring, and by the host name that they ask for. New makes the rules.
//
// It never writes a reply.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Rules are the key and the host names that requests must have. They are safe for
// concurrent use.
type Rules struct {
	keySum [sha256.Size]byte
	hosts  []string // allowed in Host headers, besides localhost and IP addresses
}

// New returns the rules for a key and for names in Host headers.
func New(key string, hosts ...string) *Rules {
	return &Rules{sha256.Sum256([]byte(key)), hosts}
}

// keyHeaders are the headers that may hold the key; LiteLLM reads all of them on every route.
var keyHeaders = []string{"Authorization", "X-Api-Key", "X-Litellm-Api-Key", "Api-Key", "X-Goog-Api-Key",
	"Ocp-Apim-Subscription-Key"}

// CheckKey compares the request's keys with the right one in constant time. ok is
// false when none of them matches; then refusal says why, in LiteLLM's words.
func (r *Rules) CheckKey(req *http.Request) (refusal string, ok bool) {
	hasKey := false
	for _, name := range keyHeaders {
		for _, value := range req.Header[name] {
			key, hasScheme := parseKey(value)
			if key == "" || name == "Authorization" && !hasScheme {
				continue
			}
			if hasKey = true; r.isKey(key) {
				return "", true
			}
		}
	}
	if key := queryKey(req); key != "" {
		if hasKey = true; r.isKey(key) {
			return "", true
		}
	}
	switch {
	case hasKey:
		return "Authentication Error, Invalid api key passed in.", false
	case req.Header.Get("Authorization") != "":
		return "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix.", false
	}
	return "Authentication Error, No api key passed in.", false
}

// isKey reports whether key is the right one. It compares them in constant time.
func (r *Rules) isKey(key string) bool {
	sum := sha256.Sum256([]byte(key))
	return subtle.ConstantTimeCompare(sum[:], r.keySum[:]) == 1
}

// queryKey returns the key in the query of a request to one of Google's routes, where
// Google's own clients may put it.
func queryKey(req *http.Request) string {
	if req.URL.RawQuery == "" || !strings.Contains(req.URL.Path, "/models") {
		return ""
	}
	return req.URL.Query().Get("key")
}

// parseKey returns the key in a header's value: what follows the scheme, or the whole
// value when it does not begin with a scheme.
func parseKey(value string) (key string, hasScheme bool) {
	value = strings.TrimSpace(value)
	scheme, key, _ := strings.Cut(value, " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "basic") {
		return strings.TrimSpace(key), true
	}
	return value, false
}
