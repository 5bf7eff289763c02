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

// serveModels answers GET /v1/models in the form that the client expects: Codex sends its
// version in the query, and Anthropic's clients send their API version in a header.
func (r *Router) serveModels(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	switch {
	case query.Has("client_version"):
		reply.WriteJSON(w, http.StatusOK, r.catalogFor(req).Codex())
	case req.Header.Get(anthropicVersion) != "":
		limit, _ := strconv.Atoi(query.Get("limit")) // a value that is not a number sets no limit
		reply.WriteJSON(w, http.StatusOK, r.catalogFor(req).Anthropic(catalog.Page{Limit: limit, After: query.Get("after_id"),
			Before: query.Get("before_id")}))
	default:
		reply.WriteJSON(w, http.StatusOK, r.catalogFor(req).OpenAI())
	}
}

// findModelRoute returns the handler of GET /v1/models/X and /models/X; nil for other
// paths. X may contain slashes, plain or escaped.
func findModelRoute(path string) getHandler {
	name, ok := strings.CutPrefix(strings.TrimPrefix(path, "/v1"), "/models/")
	if !ok || name == "" {
		return nil
	}
	return func(r *Router, w http.ResponseWriter, req *http.Request) {
		body, ok := r.catalogFor(req).OpenAIModel(name)
		if req.Header.Get(anthropicVersion) != "" {
			body, ok = r.catalogFor(req).AnthropicModel(name)
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
	reply.WriteJSON(w, http.StatusOK, r.catalogFor(req).Info(req.URL.Query().Get("litellm_model_id")))
}

// serveGroupInfo answers GET /model_group/info.
func (r *Router) serveGroupInfo(w http.ResponseWriter, req *http.Request) {
	reply.WriteJSON(w, http.StatusOK, r.catalogFor(req).Groups(req.URL.Query().Get("model_group")))
}

// Leave has the readiness probe answer 503 from now on, so that balancers send no further requests. Those
// that come all the same are served.
func (r *Router) Leave() { r.isLeaving.Store(true) }

// serveLiveness answers the liveness probe.
func (r *Router) serveLiveness(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, []byte(`"I'm alive!"`))
}

// serveReadiness answers the readiness probe. A router whose Redis is away is ready all the same: it goes
// on with what it knows.
func (r *Router) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	if r.isLeaving.Load() {
		reply.WriteJSON(w, http.StatusServiceUnavailable, []byte(`{"status":"leaving","db":"Not connected"}`))
		return
	}
	body := `{"status":"healthy","db":"Not connected"}`
	switch sharing := r.sharing(); {
	case sharing == nil:
	case sharing.Connected:
		body = `{"status":"healthy","db":"Not connected","redis":"connected"}`
	default:
		body = `{"status":"healthy","db":"Not connected","redis":"` + string(sharing.Problem) + `"}`
	}
	reply.WriteJSON(w, http.StatusOK, []byte(body))
}

// serveIndex answers GET /, which needs no key, with what this server is.
func (r *Router) serveIndex(w http.ResponseWriter, _ *http.Request) {
	reply.WriteJSON(w, http.StatusOK, []byte(`{"service":"flowgate embedded router","models":"/v1/models",`+
		`"ready":"/health/readiness"}`))
}

// writeDetail sends an error in the form of LiteLLM's web framework (FastAPI), which errors
// have that belong to no dialect.
func writeDetail(w http.ResponseWriter, status int, text string) {
	reply.WriteJSON(w, status, dialect.EncodeJSON(struct {
		Detail string `json:"detail"`
	}{text}))
}
