package router

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// target is what a request's path names: a route that carries a body, or one
// that is answered from memory.
type target struct {
	path    string // as the route is written
	dialect dialect
	model   string // the model that the path names; it wins over the body's
	get     func(*Router, http.ResponseWriter, *http.Request)
}

// findTarget finds the route of a path, exactly as it is spelt.
func findTarget(path string) (target, bool) {
	if d, ok := posts[path]; ok {
		return target{path: path, dialect: d}, true
	}
	if model, d, ok := engine(path); ok {
		return target{path: path, dialect: d, model: model}, true
	}
	get, ok := gets[path]
	if !ok {
		get = modelRoute(path)
	}
	return target{path: path, get: get}, get != nil
}

// foldPath undoes what base addresses of clients do to a path: doubled slashes,
// a slash at the end, the version folder twice, an endpoint behind an endpoint.
func foldPath(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	for strings.HasPrefix(path, "/v1/v1/") {
		path = strings.TrimPrefix(path, "/v1")
	}
	for base := range posts {
		if rest, ok := strings.CutPrefix(path, base); ok && isRoute(rest) {
			return rest
		}
	}
	return path
}

func isRoute(path string) bool {
	_, post := posts[path]
	_, get := gets[path]
	return post || get && path != "/"
}

// nearestRoute names the route that an unknown path probably means; empty when
// none is near.
func nearestRoute(path string) string {
	path = strings.ToLower(foldPath(path))
	if strings.HasPrefix(path, "/health") {
		return "/health/readiness"
	}
	known := slices.Sorted(maps.Keys(posts))
	known = append(known, slices.Sorted(maps.Keys(gets))...)
	slices.SortStableFunc(known, func(a, b string) int { return len(b) - len(a) }) // the longest first
	for _, route := range known {
		if route != "/" && (strings.HasSuffix(path, route) || strings.HasPrefix(path, route+"/") || strings.HasSuffix(route, path) && len(path) > 1) {
			return route
		}
	}
	return suggest.Nearest(path, slices.DeleteFunc(known, func(route string) bool { return route == "/" }))
}

// notFound answers a request for a path that is not a route.
func notFound(w http.ResponseWriter, req *http.Request) {
	text := "Not Found: the router has no " + req.Method + " " + redact.Words(shorten(req.URL.Path))
	if near := nearestRoute(req.URL.Path); near != "" {
		method := http.MethodPost
		if _, ok := gets[near]; ok {
			method = http.MethodGet
		}
		text += "; the nearest route is " + method + " " + near
	}
	detail(w, http.StatusNotFound, text)
}

// wantsWebSocket reports whether a request asks to become a WebSocket. Other
// upgrades, as h2c, may be ignored, and are.
func wantsWebSocket(req *http.Request) bool {
	return slices.ContainsFunc(req.Header["Upgrade"], func(v string) bool { return strings.Contains(strings.ToLower(v), "websocket") })
}

// refuseWebSocket answers 426, at which Codex goes on over HTTP at once.
func refuseWebSocket(w http.ResponseWriter, req *http.Request, to target) {
	w.Header().Set("Connection", "Upgrade") // RFC 9110 wants both
	w.Header().Set("Upgrade", "HTTP/1.1")
	refuseBody(w, req)
	writeEnvelope(w, to.dialect, http.StatusUpgradeRequired, envelope{Type: "invalid_request_error",
		Message: "WebSockets are not served here: send POST " + shorten(req.URL.Path) + " over HTTP (Codex: supports_websockets = false)"})
}
