package router

import (
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// ServeHTTP answers one request. It checks the route before the key, as LiteLLM does: an
// unknown path is answered 404, and a wrong method 405, even without a key.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	setSecurityHeaders(w.Header())
	to, isKnown := findAnyRoute(req.URL.Path)
	switch {
	case !r.access.IsHostAllowed(req):
		refuseHost(w, req, to.dialect)
	case isWebSocketRequest(req):
		refuseWebSocket(w, req, to.dialect)
	case !isKnown:
		refusePath(w, req)
	case to.get == nil:
		r.servePost(w, req, &to)
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		refuseMethod(w, req, "GET, HEAD")
	case isPublicPath(to.path) || to.path == MetricsPath && r.settings.OpenMetrics:
		to.get(r, w, req)
	default:
		r.serveGet(w, req, &to)
	}
}

// refuseHost answers 403: the Host header has a name that is not allowed.
func refuseHost(w http.ResponseWriter, req *http.Request, d dialect.Dialect) {
	request.RefuseBody(w, req)
	reply.WriteError(w, d, http.StatusForbidden, dialect.Error{Type: "permission_error",
		Message: "The Host header is not allowed: use localhost or an IP address, or list the name in " +
			"general_settings.flowgate_allowed_hosts"})
}

// refuseMethod answers 405. allow names the methods of the route.
func refuseMethod(w http.ResponseWriter, req *http.Request, allow string) {
	request.RefuseBody(w, req)
	w.Header().Set("Allow", allow)
	writeDetail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
}

// refusePath answers 404 and names the nearest route.
func refusePath(w http.ResponseWriter, req *http.Request) {
	request.RefuseBody(w, req)
	text := "Not Found: the router has no " + req.Method + " " + redact.Words(failure.Shorten(req.URL.Path))
	if near := nearestRoute(req.URL.Path); near != "" {
		method := http.MethodPost
		if _, ok := getRoutes[near]; ok {
			method = http.MethodGet
		}
		text += "; the nearest route is " + method + " " + near
	}
	writeDetail(w, http.StatusNotFound, text)
}

// isWebSocketRequest reports whether a request asks to become a WebSocket. Other
// upgrades, such as h2c, are ignored, as HTTP allows.
func isWebSocketRequest(req *http.Request) bool {
	return slices.ContainsFunc(req.Header["Upgrade"],
		func(v string) bool { return strings.Contains(strings.ToLower(v), "websocket") })
}

// refuseWebSocket answers 426. Codex then continues over HTTP at once.
func refuseWebSocket(w http.ResponseWriter, req *http.Request, d dialect.Dialect) {
	w.Header().Set("Connection", "Upgrade") // RFC 9110 requires both headers
	w.Header().Set("Upgrade", "HTTP/1.1")
	request.RefuseBody(w, req)
	reply.WriteError(w, d, http.StatusUpgradeRequired, dialect.Error{Type: "invalid_request_error",
		Message: "WebSockets are not served here: send POST " + failure.Shorten(req.URL.Path) +
			" over HTTP (Codex: supports_websockets = false)"})
}

// setSecurityHeaders sets the security headers that LiteLLM sends with every reply.
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
