package router

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// anthropicVersion is the header by which clients ask for lists in Anthropic's form.
const anthropicVersion = "Anthropic-Version"

// serveModels answers GET /v1/models in the form that the client looks for: Codex sends
// its version in the query, Anthropic's clients their interface's in a header.
func (r *Router) serveModels(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	switch {
	case query.Has("client_version"):
		reply.WriteJSON(w, http.StatusOK, r.catalog.Codex())
	case req.Header.Get(anthropicVersion) != "":
		limit, _ := strconv.Atoi(query.Get("limit")) // what is not a number limits nothing
		reply.WriteJSON(w, http.StatusOK, r.catalog.Anthropic(catalog.Page{Limit: limit, After: query.Get("after_id"),
			Before: query.Get("before_id")}))
	default:
		reply.WriteJSON(w, http.StatusOK, r.catalog.OpenAI())
	}
}

// findModelRoute returns the handler of GET /v1/models/X; nil for other paths. X may
// have slashes, plain or escaped.
func findModelRoute(path string) getHandler {
	name, ok := strings.CutPrefix(strings.TrimPrefix(path, "/v1"), "/models/")
	if !ok || name == "" {
		return nil
	}
	return func(r *Router, w http.ResponseWriter, req *http.Request) {
		body, ok := r.catalog.OpenAIModel(name)
		if req.Header.Get(anthropicVersion) != "" {
			body, ok = r.catalog.AnthropicModel(name)
		}
		if !ok {
			writeDetail(w, http.StatusNotFound, "The model `"+strings.Trim(name, "/")+
				"` does not exist or is not accessible")
			return
		}
		reply.WriteJSON(w, http.StatusOK, body)
	}
}

// serveModelInfo answers GET /model/info.
func (r *Router) serveModelInfo(w http.ResponseWriter, req *http.Request) {
	reply.WriteJSON(w, http.StatusOK, r.catalog.Info(req.URL.Query().Get("litellm_model_id")))
}

// serveGroupInfo answers GET /model_group/info.
func (r *Router) serveGroupInfo(w http.ResponseWriter, req *http.Request) {
	reply.WriteJSON(w, http.StatusOK, r.catalog.Groups(req.URL.Query().Get("model_group")))
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
