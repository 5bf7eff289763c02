package router

import (
	"net/http"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// modelEntry is one line of GET /v1/models. LiteLLM's owned_by is always
// "openai" and its created always the same second.
type modelEntry struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// newModelEntry returns the line of a group.
func newModelEntry(name string) modelEntry {
	return modelEntry{ID: name, Object: "model", Created: 1677610602, OwnedBy: "openai"}
}

// encodeModelList returns the body of GET /v1/models.
func encodeModelList(names []string) []byte {
	entries := lo.Map(names, func(n string, _ int) modelEntry { return newModelEntry(n) })
	return dialect.EncodeJSON(struct {
		Data   []modelEntry `json:"data"`
		Object string       `json:"object"`
	}{entries, "list"})
}

// serveModels answers GET /v1/models.
func (r *Router) serveModels(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, r.modelList)
}

// findModelRoute returns the handler of GET /v1/models/X; nil for other paths. X may
// have slashes, plain or escaped.
func findModelRoute(path string) getHandler {
	name, ok := strings.CutPrefix(strings.TrimPrefix(path, "/v1"), "/models/")
	if !ok || name == "" {
		return nil
	}
	return func(r *Router, w http.ResponseWriter, _ *http.Request) {
		name := name
		if !slices.Contains(r.settings.ListedNames(), name) {
			name = strings.Trim(name, "/")
		}
		if !slices.Contains(r.settings.ListedNames(), name) {
			writeDetail(w, http.StatusNotFound, "The model `"+name+"` does not exist or is not accessible")
			return
		}
		reply.WriteJSON(w, http.StatusOK, dialect.EncodeJSON(newModelEntry(name)))
	}
}

// serveLiveness answers the liveness probe.
func (r *Router) serveLiveness(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, []byte(`"I'm alive!"`))
}

// serveReadiness answers the readiness probe.
func (r *Router) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, []byte(`{"status":"healthy","db":"Not connected"}`))
}

// serveIndex says, without the key, what this server is.
func (r *Router) serveIndex(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, []byte(`{"service":"flowgate embedded router","models":"/v1/models",`+
		`"ready":"/health/readiness"}`))
}

// writeDetail sends an error in the form that LiteLLM's web framework gives outside of any dialect.
func writeDetail(w http.ResponseWriter, status int, text string) {
	reply.WriteJSON(w, status, dialect.EncodeJSON(struct {
		Detail string `json:"detail"`
	}{text}))
}
