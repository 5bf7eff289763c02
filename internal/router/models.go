package router

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/samber/lo"
)

// modelEntry is one line of GET /v1/models. LiteLLM's owned_by is always
// "openai" and its created always the same second.
type modelEntry struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func newModelEntry(name string) modelEntry {
	return modelEntry{ID: name, Object: "model", Created: 1677610602, OwnedBy: "openai"}
}

func modelList(names []string) []byte {
	entries := lo.Map(names, func(n string, _ int) modelEntry { return newModelEntry(n) })
	return encode(struct {
		Data   []modelEntry `json:"data"`
		Object string       `json:"object"`
	}{entries, "list"})
}

func (r *Router) models(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, r.list) }

// modelRoute serves GET /v1/models/X. X may hold slashes, plain or escaped.
func modelRoute(path string) func(*Router, http.ResponseWriter, *http.Request) {
	name, ok := strings.CutPrefix(strings.TrimPrefix(path, "/v1"), "/models/")
	if !ok || name == "" {
		return nil
	}
	return func(r *Router, w http.ResponseWriter, _ *http.Request) {
		name := name
		if !slices.Contains(r.settings.names, name) {
			name = strings.Trim(name, "/")
		}
		if !slices.Contains(r.settings.names, name) {
			detail(w, http.StatusNotFound, "The model `"+name+"` does not exist or is not accessible")
			return
		}
		writeJSON(w, http.StatusOK, encode(newModelEntry(name)))
	}
}

func (r *Router) alive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []byte(`"I'm alive!"`))
}

func (r *Router) ready(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []byte(`{"status":"healthy","db":"Not connected"}`))
}

// index says what this is, without the key.
func (r *Router) index(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []byte(`{"service":"flowgate embedded router","models":"/v1/models","ready":"/health/readiness"}`))
}

// detail writes the body that LiteLLM's web framework gives outside of any dialect.
func detail(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, encode(struct {
		Detail string `json:"detail"`
	}{text}))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = jsonType
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left has no use for the error
}

// encode marshals a value that cannot fail to marshal, HTML left alone.
func encode(v any) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null")
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// addQuery returns u with a client's query string added to its own.
func addQuery(u *url.URL, query string) *url.URL {
	if query == "" {
		return u
	}
	copied := *u
	copied.RawQuery = strings.Trim(u.RawQuery+"&"+query, "&")
	return &copied
}
