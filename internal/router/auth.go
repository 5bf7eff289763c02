package router

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
)

// keyHeaders are the headers that may hold the key; LiteLLM reads all of them on every route.
var keyHeaders = []string{"Authorization", "X-Api-Key", "X-Litellm-Api-Key", "Api-Key", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key"}

// authorize compares the request's key with the master key in constant time. It
// answers 401 itself, and returns false, when none fits.
func (r *Router) authorize(w http.ResponseWriter, req *http.Request, d dialect.Dialect) bool {
	hasKey := false
	for _, name := range keyHeaders {
		for _, value := range req.Header[name] {
			key, hasScheme := parseKey(value)
			if key == "" || name == "Authorization" && !hasScheme {
				continue
			}
			hasKey = true
			sum := sha256.Sum256([]byte(key))
			if subtle.ConstantTimeCompare(sum[:], r.keySum[:]) == 1 {
				listen.MarkAuthorized(req)
				return true
			}
		}
	}
	message := "Authentication Error, No api key passed in."
	switch {
	case hasKey:
		message = "Authentication Error, Invalid api key passed in."
	case req.Header.Get("Authorization") != "":
		message = "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix."
	}
	w.Header()["X-Litellm-Call-Id"] = []string{request.CallID(req)}
	w.Header().Set("WWW-Authenticate", "Bearer")
	request.RefuseBody(w, req)
	reply.WriteError(w, d, http.StatusUnauthorized, dialect.Error{Message: message, Type: "auth_error", Param: "None"})
	return false
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

// setSecurityHeaders sets the headers that LiteLLM puts on every reply.
func setSecurityHeaders(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	h["X-Frame-Options"] = deny
	h["Content-Security-Policy"] = noFrames
	h["Vary"] = origin
}

// Header values that replies share; they must not be changed.
var (
	nosniff  = []string{"nosniff"}
	deny     = []string{"DENY"}
	noFrames = []string{"frame-ancestors 'none'"}
	origin   = []string{"Origin"}
)
