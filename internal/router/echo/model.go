package echo

import "net/http"

// modelCreated is the creation time of every model, in Unix seconds; LiteLLM has the same one.
const modelCreated = 1677610602

// model is one entry of the list of models.
type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// modelNames are the models that are listed. Requests for any other name are answered
// too, since the name is the script.
var modelNames = [...]string{"router-default", "router-cheap", "echo", "echo-embedding"}

// newModel returns the entry of a model.
func newModel(id string) model {
	return model{ID: id, Object: "model", Created: modelCreated, OwnedBy: "flowgate-echo"}
}

// serveModels answers GET /v1/models.
func (s *server) serveModels(w http.ResponseWriter, _ *http.Request) {
	list := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list"}
	for _, id := range modelNames {
		list.Data = append(list.Data, newModel(id))
	}
	writeJSON(w, http.StatusOK, list)
}

// serveModel answers GET /v1/models/ID.
func (s *server) serveModel(w http.ResponseWriter, r *http.Request) {
	for _, id := range modelNames {
		if id == r.PathValue("id") {
			writeJSON(w, http.StatusOK, newModel(id))
			return
		}
	}
	openAI.writeError(w, http.StatusNotFound, "the model %.200q is not listed", r.PathValue("id"))
}
