package script_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// modelServer is a double of a server on this machine: it lists its models, and answers the routes below
// /v1 that it has. It answers 404 to the others, as those servers do.
type modelServer struct {
	model  string
	routes []string

	mu    sync.Mutex
	asked []string // method, path and model of each request
}

// replies are a server's whole replies on its routes.
var replies = map[string]string{
	"/v1/chat/completions": `{"id":"c","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":` +
		`{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}`,
	"/v1/messages": `{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"hello"}],` +
		`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":1}}`,
	"/v1/responses": `{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"up","output":[{"type":"message",` +
		`"id":"m","status":"completed","role":"assistant","content":[{"type":"output_text","text":"hello","annotations":[]}]}],` +
		`"usage":{"input_tokens":5,"output_tokens":1,"total_tokens":6}}`,
}

// events are the data of the same replies as streams. A type is also the name of its event.
var events = map[string][]string{
	"/v1/chat/completions": {`{"id":"c","object":"chat.completion.chunk","created":1,"model":"up","choices":[{"index":0,"delta":` +
		`{"role":"assistant","content":"hello"},"finish_reason":null}]}`,
		`{"id":"c","object":"chat.completion.chunk","created":1,"model":"up","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		`{"id":"c","object":"chat.completion.chunk","created":1,"model":"up","choices":[],"usage":{"prompt_tokens":5,` +
			`"completion_tokens":1,"total_tokens":6}}`, "[DONE]"},
	"/v1/messages": {`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[],` +
		`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}`, `{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}`,
		`{"type":"message_stop"}`},
	"/v1/responses": {`{"type":"response.created","response":{"id":"resp_1","object":"response","status":"in_progress","output":[]}}`,
		`{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"hello"}`,
		`{"type":"response.completed","response":` + replies["/v1/responses"] + `}`},
}

// stream writes a route's reply as a stream.
func stream(w http.ResponseWriter, route string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, data := range events[route] {
		var typed struct {
			Type string `json:"type"`
		}
		if _ = json.Unmarshal([]byte(data), &typed); typed.Type != "" { // a chunk of chat has none
			fmt.Fprintf(w, "event: %s\n", typed.Type)
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
	}
}

// ServeHTTP answers a request.
func (s *modelServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Model  string `json:"model"`
		Stream bool   `json:"stream"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body) // GET has none
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL.Path, " ", body.Model)))
	s.mu.Unlock()
	has := false
	for _, route := range s.routes {
		has = has || route == r.URL.Path
	}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/v1/models":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"object":"list","data":[{"id":%q,"object":"model"},{"id":"nomic-embed-text","object":"model"}]}`, s.model)
	case r.Method == http.MethodPost && has && body.Model == s.model && body.Stream:
		stream(w, r.URL.Path)
	case r.Method == http.MethodPost && has && body.Model == s.model:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, replies[r.URL.Path])
	default:
		http.NotFound(w, r)
	}
}

// take returns what was asked since the last call.
func (s *modelServer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.asked, "\n")
	s.asked = nil
	return all
}

// TestThePagesOfServersOnThisMachineSetThemUp types the commands of the pages of model servers, with a
// double of the server at an address of its own and free ports, up to smoke, which asks every route.
func TestThePagesOfServersOnThisMachineSetThemUp(t *testing.T) {
	t.Parallel()
	const chat, messages, responses = "/v1/chat/completions", "/v1/messages", "/v1/responses"
	for name, s := range map[string]*modelServer{
		"ollama":    {model: "qwen3:8b", routes: []string{chat, messages, responses}},
		"vllm":      {model: "Qwen/Qwen3-32B", routes: []string{chat, messages, responses}},
		"lmstudio":  {model: "qwen3-8b", routes: []string{chat}},
		"llamafile": {model: "model", routes: []string{chat}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(s)
			defer server.Close()
			address := server.URL + "/v1"
			if name == "ollama" {
				address = server.URL // the page: without /v1 as well
			}
			setUpServer(t, name, address, s)
		})
	}
}

// setUpServer types a page's commands, and checks what the server was asked.
func setUpServer(t *testing.T, name, address string, s *modelServer) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs/upstream", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	typed := "mage init -upstream=" + name
	if !strings.Contains(string(page), "```console\n$ "+typed) || !strings.Contains(string(page), "\n$ mage start\n```") {
		t.Fatalf("the page of %s has no %q and mage start", name, typed)
	}
	dir := t.TempDir()
	mage := "#!/bin/sh\nFLOWGATE_PROGRAM=mage exec " + binary + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "mage"), []byte(mage), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(command string) string {
		out, err := shell(t, dir, command)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return out
	}
	run(typed + " -address=" + address + " " + freePorts(t))
	if got := s.take(); got != "GET /v1/models" {
		t.Errorf("init asked\n%s", got)
	}
	run("mage start")
	t.Cleanup(func() { run("mage stop") })
	s.take()
	out := run("mage smoke -jq '[.checks[] | select(.status==\"fail\") | {id,title,detail,message}]'")
	asked := s.take()
	for _, route := range s.routes {
		if !strings.Contains(asked, "POST "+route+" "+s.model) {
			t.Errorf("smoke asked\n%s\nand said\n%s", asked, out)
		}
	}
	if checked := run("mage config:check -jq '[.ok, .data.deployments[0].serves, .data.deployments[0].upstream_model]'"); !strings.Contains(
		strings.Join(strings.Fields(checked), ""), fmt.Sprintf("[true,true,%q]", s.model)) {
		t.Errorf("config:check says %s", checked)
	}
}
