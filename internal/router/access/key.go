// Package access decides which requests the router answers: by the key that they
// bring, and by the host name that they ask for. New makes the rules.
//
// It never writes a reply.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/keylimit"
)

// Rules are the keys and the host names that requests must have. They are safe for
// concurrent use.
type Rules struct {
	keySum [sha256.Size]byte
	named  *keylimit.Limiter // nil: only the gateway key is valid
	hosts  []string          // allowed in Host headers, besides localhost and IP addresses
}

// New returns the rules for the gateway key, the named keys, and names in Host headers.
func New(key string, named *keylimit.Limiter, hosts ...string) *Rules {
	return &Rules{sha256.Sum256([]byte(key)), named, hosts}
}

// keyHeaders are the headers that may hold the key; LiteLLM reads all of them on every route.
var keyHeaders = []string{"Authorization", "X-Api-Key", "X-Litellm-Api-Key", "Api-Key", "X-Goog-Api-Key",
	"Ocp-Apim-Subscription-Key"}

// CheckKey looks for a valid key among those that the request brings. It compares keys by their
// SHA-256 and in constant time. holder is nil for the gateway key. refusal is nil when a key is
// valid; else it says why none is, in LiteLLM's words: a key that was valid once is told so.
func (r *Rules) CheckKey(req *http.Request, now time.Time) (holder *keylimit.Holder, refusal *keylimit.Refusal) {
	hasKey := false
	for key := range keysOf(req) {
		hasKey = true
		sum := sha256.Sum256([]byte(key))
		if subtle.ConstantTimeCompare(sum[:], r.keySum[:]) == 1 {
			return nil, nil
		}
		if h := r.named.Find(sum); h != nil {
			if refusal = h.CheckValid(now); refusal == nil {
				return h, nil
			}
		}
	}
	message := "Authentication Error, No api key passed in."
	switch {
	case refusal != nil:
		return nil, refusal
	case hasKey:
		message = "Authentication Error, Invalid api key passed in."
	case req.Header.Get("Authorization") != "":
		message = "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix."
	}
	return nil, &keylimit.Refusal{Status: http.StatusUnauthorized, Type: "auth_error", Param: "None", Message: message}
}

// keysOf returns the keys that a request brings, in the order of keyHeaders.
func keysOf(req *http.Request) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range keyHeaders {
			for _, value := range req.Header[name] {
				key, hasScheme := parseKey(value)
				if key == "" || name == "Authorization" && !hasScheme {
					continue
				}
				if !yield(key) {
					return
				}
			}
		}
		if key := queryKey(req); key != "" {
			yield(key)
		}
	}
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
