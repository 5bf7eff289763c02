// Package echo is a deterministic OpenAI- and Anthropic-compatible server that
// stands in for CLIProxyAPIPlus on a machine that has none. Call New and serve
// the handler it returns. A text answer is "echo: " and the last words of the user;
// ids and token counts are functions of the request alone. The model name can
// tell it to fail (script.go lists the words), so that retries and fallbacks
// can be watched.
//
// It never calls another server, never keeps a request, and never pretends to be
// CLIProxyAPIPlus: "/" says what it is and every reply has the header X-Flowgate-Echo.
//
// It is longer than 700 lines because it is one server for all dialects, and the
// replies of each dialect are types; a file is one dialect or one part of a request.
package echo

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// MaxBody is the largest request body in bytes; a longer one gets 413. It is
// the default limit of the router, so that the echo upstream takes what the router takes.
const MaxBody = 64 << 20

// Options configures the server. The zero value accepts any key.
type Options struct {
	Keys    []string         // accepted API keys; an empty list accepts every request, an empty key is never accepted
	Version string           // FlowGate's version, shown at "/"
	Now     func() time.Time // clock of the "created" fields; nil means time.Now
	Only    []string         // paths of the POST routes that the server has; an empty list means all of them
}

// server is what the handlers share.
type server struct {
	keys    keyring
	version string
	now     func() time.Time
	routes  []route
	counts  counter
}

// route is one entry of the route table.
type route struct {
	method, path string
	serve        http.HandlerFunc
}

// New returns the echo upstream. The handler is safe for concurrent use. Like
// net/http itself it panics with http.ErrAbortHandler to break a connection
// when the model name asks for that.
func New(opts Options) http.Handler {
	s := &server{keys: newKeyring(opts.Keys), version: opts.Version, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.routes = []route{
		{"GET", "/{$}", s.serveRoot},
		{"GET", "/healthz", s.serveHealth},
		{"GET", "/v1/models", s.requireKey(s.serveModels)},
		{"GET", "/v1/models/{id}", s.requireKey(s.serveModel)},
		{"POST", "/v1/chat/completions", s.postHandler(openAI, answerChat)},
		{"POST", "/v1/completions", s.postHandler(openAI, answerCompletions)},
		{"POST", "/v1/embeddings", s.postHandler(openAI, answerEmbeddings)},
		{"POST", "/v1/responses", s.postHandler(openAI, answerResponses)},
		{"POST", "/v1/responses/compact", s.postHandler(openAI, answerCompact)},
		{"POST", "/v1/images/generations", s.postHandler(openAI, generateImages)},
		{"POST", "/v1/images/edits", s.postHandler(openAI, editImages)},
		{"POST", "/v1/images/variations", s.postHandler(openAI, varyImages)},
		{"POST", "/v1/audio/speech", s.postHandler(openAI, answerSpeech)},
		{"POST", "/v1/audio/transcriptions", s.postHandler(openAI, transcribeSpeech)},
		{"POST", "/v1/audio/translations", s.postHandler(openAI, translateSpeech)},
		{"POST", "/v1/rerank", s.postHandler(openAI, answerRerank)},
		{"POST", "/v1/moderations", s.postHandler(openAI, answerModerations)},
		{"POST", "/v1/messages", s.postHandler(anthropic, answerMessages)},
		{"POST", "/v1/messages/count_tokens", s.postHandler(anthropic, countTokens)},
		{"POST", "/v1beta/models/{model...}", s.requireKey(s.serveGemini)},
	}
	s.routes = slices.DeleteFunc(s.routes, func(r route) bool {
		return r.method == http.MethodPost && len(opts.Only) > 0 && !slices.Contains(opts.Only, r.path)
	})
	return s.handler()
}

// handler returns the handler of all routes.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes {
		mux.HandleFunc(r.method+" "+r.path, r.serve)
	}
	mux.HandleFunc("/v0/management/", s.serveManagement)
	mux.HandleFunc("/", s.refuseUnknown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Flowgate-Echo", "1")
		mux.ServeHTTP(w, r)
	})
}

// about is the reply of "/".
type about struct {
	Service   string   `json:"service"`
	Version   string   `json:"version"`
	Message   string   `json:"message"`
	Endpoints []string `json:"endpoints"`
}

// serveRoot answers GET / with what this server is.
func (s *server) serveRoot(w http.ResponseWriter, _ *http.Request) {
	a := about{
		Service: "flowgate-echo",
		Version: s.version,
		Message: "FlowGate echo upstream: a deterministic stand-in, not CLIProxyAPIPlus",
	}
	for _, r := range s.routes {
		a.Endpoints = append(a.Endpoints, r.method+" "+strings.TrimSuffix(r.path, "{$}"))
	}
	writeJSON(w, http.StatusOK, a)
}

// serveHealth answers the readiness probe.
func (s *server) serveHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

// serveManagement answers as CLIProxyAPI does when it has no management key: 404
// with an empty body on every route.
func (s *server) serveManagement(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
}

// refuseUnknown answers a path that no route has (404), or the path of a route with another method (405).
func (s *server) refuseUnknown(w http.ResponseWriter, r *http.Request) {
	d := openAI
	if strings.HasPrefix(r.URL.Path, "/v1/messages") {
		d = anthropic
	}
	i := slices.IndexFunc(s.routes, func(known route) bool { return known.path == r.URL.Path })
	if i >= 0 {
		w.Header().Set("Allow", s.routes[i].method)
		d.writeError(w, http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, s.routes[i].method, r.Method)
		return
	}
	d.writeError(w, http.StatusNotFound, "the echo upstream has no %s %.200s", r.Method, r.URL.Path)
}
