package router

import (
	"net/http"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// googleMethods are the methods of a model in Google's dialect.
var googleMethods = map[string]target{
	"generateContent":       {dialect: dialect.Gemini},
	"streamGenerateContent": {dialect: dialect.Gemini, isStream: true},
	"countTokens":           {dialect: dialect.GeminiCount},
}

// parseGooglePath returns the route of /v1beta/models/X:generateContent and similar
// paths. X may have slashes and colons, plain or escaped.
func parseGooglePath(path string) (to target, ok bool) {
	rest, ok := cutGooglePrefix(path)
	if !ok {
		return target{}, false
	}
	at := strings.LastIndexByte(rest, ':')
	if at < 1 {
		return target{}, false
	}
	to, ok = googleMethods[rest[at+1:]]
	to.path, to.model = path, rest[:at]
	return to, ok
}

// cutGooglePrefix returns what follows /v1beta/models/ or /v1/models/ in a path.
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

// newGoogleModel returns a group as a model in Google's dialect.
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
	return func(r *Router, w http.ResponseWriter, _ *http.Request) {
		if !slices.Contains(r.settings.ListedNames(), name) {
			reply.WriteError(w, dialect.Gemini, http.StatusNotFound, dialect.Error{Message: "The model " + name +
				" does not exist: GET /v1beta/models lists those that do"})
			return
		}
		reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(newGoogleModel(name)))
	}
}

// serveGoogleModels answers GET /v1beta/models, all of them on one page.
func (r *Router) serveGoogleModels(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(struct {
		Models []googleModel `json:"models"`
	}{lo.Map(r.settings.ListedNames(), func(n string, _ int) googleModel { return newGoogleModel(n) })}))
}
