package router

import (
	"net/http"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// googleMethods are the methods of a model in Google's dialect, by the names in paths.
var googleMethods = map[string]destination{
	"generateContent":       {dialect: dialect.Gemini},
	"streamGenerateContent": {dialect: dialect.Gemini, isStream: true},
	"countTokens":           {dialect: dialect.GeminiCount},
}

// parseGooglePath returns the route of /v1beta/models/X:generateContent and similar
// paths. X may contain slashes and colons, plain or escaped.
func parseGooglePath(path string) (to destination, ok bool) {
	rest, ok := cutGooglePrefix(path)
	if !ok {
		return destination{}, false
	}
	at := strings.LastIndexByte(rest, ':')
	if at < 1 {
		return destination{}, false
	}
	to, ok = googleMethods[rest[at+1:]]
	to.path, to.model = path, rest[:at]
	return to, ok
}

// cutGooglePrefix returns what follows /v1beta/models/, /v1/models/ or /v1alpha/models/ in a
// path. ok is false for other paths.
func cutGooglePrefix(path string) (rest string, ok bool) {
	for _, version := range []string{"/v1beta", "/v1", "/v1alpha"} {
		if rest, ok := strings.CutPrefix(path, version+"/models/"); ok {
			return rest, true
		}
	}
	return "", false
}

// googleModel is one model in Google's dialect.
type googleModel struct {
	Name                       string   `json:"name"`
	DisplayName                string   `json:"displayName"`
	SupportedGenerationMethods []string `json:"supportedGenerationMethods"`
}

// newGoogleModel describes the group of that name as a model in Google's dialect.
func newGoogleModel(name string) googleModel {
	return googleModel{"models/" + name, name, []string{"generateContent", "countTokens"}}
}

// findGoogleModelRoute returns the handler of GET /v1beta/models, and of one model there;
// nil for other paths. Below /v1 the list is OpenAI's.
func findGoogleModelRoute(path string) getHandler {
	if path == "/v1beta/models" {
		return (*Router).serveGoogleModels
	}
	name, ok := strings.CutPrefix(path, "/v1beta/models/")
	if !ok || name == "" {
		return nil
	}
	return func(r *Router, w http.ResponseWriter, req *http.Request) {
		if !slices.Contains(r.catalogFor(req).Names(), name) {
			reply.WriteError(w, dialect.Gemini, http.StatusNotFound, dialect.Error{Message: "The model " + name +
				" does not exist: GET /v1beta/models lists the models that exist"})
			return
		}
		reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(newGoogleModel(name)))
	}
}

// serveGoogleModels answers GET /v1beta/models with all models on one page.
func (r *Router) serveGoogleModels(w http.ResponseWriter, req *http.Request) {
	reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(struct {
		Models []googleModel `json:"models"`
	}{lo.Map(r.catalogFor(req).Names(), func(n string, _ int) googleModel { return newGoogleModel(n) })}))
}
