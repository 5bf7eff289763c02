package router

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// slots are the headers that may carry the key; LiteLLM reads all of them on every route.
var slots = []string{"Authorization", "X-Api-Key", "X-Litellm-Api-Key", "Api-Key", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key"}

// authorize compares the request's key with the master key in constant time
// and answers 401 itself when none fits.
func (r *Router) authorize(w http.ResponseWriter, req *http.Request, d dialect) bool {
	presented := false
	for _, slot := range slots {
		for _, value := range req.Header[slot] {
			key, hasScheme := credentials(value)
			if key == "" || slot == "Authorization" && !hasScheme {
				continue
			}
			presented = true
			sum := sha256.Sum256([]byte(key))
			if subtle.ConstantTimeCompare(sum[:], r.keySum[:]) == 1 {
				markAtWork(req)
				return true
			}
		}
	}
	message := "Authentication Error, No api key passed in."
	switch {
	case presented:
		message = "Authentication Error, Invalid api key passed in."
	case req.Header.Get("Authorization") != "":
		message = "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix."
	}
	w.Header()["X-Litellm-Call-Id"] = []string{callID(req)}
	w.Header().Set("WWW-Authenticate", "Bearer")
	refuseBody(w, req)
	writeEnvelope(w, d, http.StatusUnauthorized, envelope{Message: message, Type: "auth_error", Param: "None"})
	return false
}

// credentials is what follows the scheme in a header that holds a key, or the
// whole of a value that begins with no scheme.
func credentials(value string) (key string, hasScheme bool) {
	value = strings.TrimSpace(value)
	scheme, key, _ := strings.Cut(value, " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "basic") {
		return strings.TrimSpace(key), true
	}
	return value, false
}

// secure sets the headers that LiteLLM puts on every reply.
func secure(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	h["X-Frame-Options"] = deny
	h["Content-Security-Policy"] = noFrames
	h["Vary"] = origin
}

// Header values that replies share; never written to.
var (
	nosniff  = []string{"nosniff"}
	deny     = []string{"DENY"}
	noFrames = []string{"frame-ancestors 'none'"}
	origin   = []string{"Origin"}
	jsonType = []string{"application/json"}
	sseType  = []string{"text/event-stream; charset=utf-8"}
	noCache  = []string{"no-cache"}
	no       = []string{"no"}
	digits   = [][]string{{"0"}, {"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}, {"8"}, {"9"}}
)
