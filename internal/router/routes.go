package router

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// getHandler answers a GET request.
type getHandler func(*Router, http.ResponseWriter, *http.Request)

// postRoutes are the routes whose requests have a body, with and without the version in
// the path as in LiteLLM. A new route whose requests only pass through needs one line here.
var postRoutes = map[string]dialect.Dialect{
	"/v1/chat/completions": dialect.Chat, "/chat/completions": dialect.Chat,
	"/v1/completions": dialect.Completions, "/completions": dialect.Completions,
	"/v1/embeddings": dialect.Embeddings, "/embeddings": dialect.Embeddings,
	"/v1/responses": dialect.Responses, "/responses": dialect.Responses,
	"/v1/responses/compact": dialect.Compact, "/responses/compact": dialect.Compact,
	"/v1/messages": dialect.Messages, "/v1/messages/count_tokens": dialect.CountTokens,
	"/v1/images/generations": dialect.ImageGenerations, "/images/generations": dialect.ImageGenerations,
	"/v1/images/edits": dialect.ImageEdits, "/images/edits": dialect.ImageEdits,
	"/v1/images/variations": dialect.ImageVariations, "/images/variations": dialect.ImageVariations,
	"/v1/audio/speech": dialect.Speech, "/audio/speech": dialect.Speech,
	"/v1/audio/transcriptions": dialect.Transcriptions, "/audio/transcriptions": dialect.Transcriptions,
	"/v1/audio/translations": dialect.Translations, "/audio/translations": dialect.Translations,
	"/v1/rerank": dialect.Rerank, "/v2/rerank": dialect.Rerank, "/rerank": dialect.Rerank,
	"/v1/moderations": dialect.Moderations, "/moderations": dialect.Moderations,
}

// getRoutes are the routes that are answered without an upstream.
var getRoutes = map[string]getHandler{
	"/": (*Router).serveIndex, "/v1/models": (*Router).serveModels, "/models": (*Router).serveModels,
	"/health/liveliness": (*Router).serveLiveness, "/health/liveness": (*Router).serveLiveness,
	"/health/readiness": (*Router).serveReadiness, state.Path: (*Router).serveState,
	"/model/info": (*Router).serveModelInfo, "/v1/model/info": (*Router).serveModelInfo,
	"/model_group/info": (*Router).serveGroupInfo, MetricsPath: (*Router).serveMetrics,
}

// isPublicPath reports whether the route of a path needs no key.
func isPublicPath(path string) bool {
	return path == "/" || strings.HasPrefix(path, "/health/") && path != state.Path
}

// destination is the route that the path of a request leads to, and what the path says about
// the request.
type destination struct {
	path    string // in the spelling that was found
	dialect dialect.Dialect
	model   string     // the model that the path names
	get     getHandler // nil for a route that has a body

	isStream bool // the path asks for a stream
}

// findAnyRoute returns the route of a path in any spelling that is understood. ok is false when there
// is none.
func findAnyRoute(path string) (to destination, ok bool) {
	if to, ok = findRoute(path); ok {
		return to, true
	}
	return findRoute(normalizePath(path))
}

// findRoute returns the route of a path in exactly this spelling. ok is false when there
// is none.
func findRoute(path string) (to destination, ok bool) {
	if d, ok := postRoutes[path]; ok {
		return destination{path: path, dialect: d}, true
	}
	if model, d, ok := parseEnginePath(path); ok {
		return destination{path: path, dialect: d, model: model}, true
	}
	if to, ok := parseGooglePath(path); ok {
		return to, true
	}
	get, ok := getRoutes[path]
	if !ok {
		get = findModelRoute(path)
	}
	if get == nil {
		get = findGoogleModelRoute(path)
	}
	return destination{path: path, get: get}, get != nil
}

// parseEnginePath returns the model and the dialect of /engines/X/chat/completions and
// similar paths, which clients of old OpenAI versions and of Azure use.
func parseEnginePath(path string) (model string, d dialect.Dialect, ok bool) {
	for _, prefix := range []string{"/engines/", "/openai/deployments/"} {
		rest, found := strings.CutPrefix(path, prefix)
		if !found {
			continue
		}
		for _, d := range []dialect.Dialect{dialect.Chat, dialect.Completions, dialect.Embeddings, dialect.ImageGenerations,
			dialect.ImageEdits, dialect.Speech, dialect.Transcriptions, dialect.Translations} {
			if model, found := strings.CutSuffix(rest, "/"+d.Path()); found && model != "" {
				return model, d, true
			}
		}
	}
	return "", 0, false
}

// normalizePath removes from a path what a wrong base address of a client adds: doubled
// slashes, a slash at the end, a second /v1, Azure's /openai before /v1, and a route
// before the route.
func normalizePath(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if strings.HasPrefix(path, "/openai/v1/") {
		path = strings.TrimPrefix(path, "/openai")
	}
	for strings.HasPrefix(path, "/v1/v1/") {
		path = strings.TrimPrefix(path, "/v1")
	}
	for base := range postRoutes {
		if rest, ok := strings.CutPrefix(path, base); ok && isRoute(rest) {
			return rest
		}
	}
	return path
}

// isRoute reports whether a path, other than "/", is a route.
func isRoute(path string) bool {
	_, isPost := postRoutes[path]
	_, isGet := getRoutes[path]
	return isPost || isGet && path != "/"
}

// nearestRoute returns the route that the client probably means by an unknown path; empty
// when no route is similar.
func nearestRoute(path string) string {
	path = strings.ToLower(normalizePath(path))
	if strings.HasPrefix(path, "/health") {
		return "/health/readiness"
	}
	known := slices.Sorted(maps.Keys(postRoutes))
	known = append(known, slices.Sorted(maps.Keys(getRoutes))...)
	slices.SortStableFunc(known, func(a, b string) int { return len(b) - len(a) }) // the longest first
	for _, route := range known {
		if route != "/" && (strings.HasSuffix(path, route) || strings.HasPrefix(path, route+"/") ||
			strings.HasSuffix(route, path) && len(path) > 1) {
			return route
		}
	}
	return suggest.Nearest(path, slices.DeleteFunc(known, func(route string) bool { return route == "/" }))
}
