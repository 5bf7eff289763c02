package agents_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// clientRoute is the only route of the upstream of the clients.
const clientRoute = "/v1/chat/completions"

// obedient is a double of a model that does what client.Ask wants: it answers with the word that
// the prompt names. Clients add messages of their own after the prompt, and the echo upstream,
// which answers, echoes the last one; so that is replaced by the word.
type obedient struct {
	next http.Handler
	mu   sync.Mutex
	seen strings.Builder
}

// wanted finds the prompt of client.Ask.
var wanted = regexp.MustCompile(`Answer with this word and nothing else: (\w+)`)

// ServeHTTP answers the word that a prompt wants.
func (m *obedient) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	m.seen.WriteString(r.Method + " " + r.URL.Path + "\n")
	m.mu.Unlock()
	var request map[string]any
	if word := wanted.FindSubmatch(body); word != nil && json.Unmarshal(body, &request) == nil && request["messages"] != nil {
		request["messages"] = []any{map[string]any{"role": "user", "content": string(word[1])}}
		body, _ = json.Marshal(request)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	m.next.ServeHTTP(w, r)
}

// paths returns the methods and paths that were asked for, one a line.
func (m *obedient) paths() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen.String()
}
