package routertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/state"
)

// Client is the client of the tests. It does not decompress replies by itself.
var Client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}}

// Reply is a reply as the client received it.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Send sends one request with the gateway key and header, and returns the reply. A header
// with an empty value is left out of the request.
func (s *Stack) Send(method, path, body string, header map[string]string) Reply {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	for k, v := range header {
		if v == "" {
			req.Header.Del(k)
			continue
		}
		req.Header.Set(k, v)
	}
	if h := header["Host"]; h != "" {
		req.Host = h
	}
	res, err := Client.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	return Reply{res.StatusCode, res.Header, string(b)}
}

// Chat sends model a request for a chat completion; more is added to the members of its body.
func (s *Stack) Chat(model string, more ...string) Reply {
	s.T.Helper()
	return s.Send("POST", "/v1/chat/completions",
		`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]`+strings.Join(more, "")+`}`, nil)
}

// Messages sends model a request of Anthropic's messages; more is added to the members of its body.
func (s *Stack) Messages(model string, more ...string) Reply {
	s.T.Helper()
	return s.Send("POST", "/v1/messages", `{"model":"`+model+
		`","max_tokens":16,"messages":[{"role":"user","content":"hi"}]`+strings.Join(more, "")+`}`, nil)
}

// Slept returns how long the router meant to wait before each retry.
func (s *Stack) Slept() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.slept)
}

// Models returns the models that the upstream was asked for, in order.
func (s *Stack) Models() []string {
	var out []string
	for _, c := range s.Upstream.Calls() {
		out = append(out, c.Model)
	}
	return out
}

// Open sends a request and returns the response, whose body the caller reads and closes.
func (s *Stack) Open(ctx context.Context, path, body string) *http.Response {
	s.T.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", s.URL+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	res, err := Client.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	return res
}

// State returns the state of the deployments, as the router gives it to clients.
func (s *Stack) State() state.Report {
	s.T.Helper()
	got := s.Send("GET", state.Path, "", nil)
	var state state.Report
	if err := json.Unmarshal([]byte(got.Body), &state); err != nil || got.Status != 200 {
		s.T.Fatalf("%d %s: %v", got.Status, got.Body, err)
	}
	return state
}

// IsCooling reports whether the reply is the router's error that every deployment cools down.
func (r Reply) IsCooling() bool { return strings.Contains(r.Body, "all_deployments_in_cooldown") }

// CountLogged returns how many lines of the log have that message.
func (s *Stack) CountLogged(message string) int {
	return strings.Count(s.Log.String(), `"msg":"`+message+`"`)
}

// ChatAtOnce sends n chat completions for m at once and returns their replies.
func (s *Stack) ChatAtOnce(n int) []Reply {
	out := make([]Reply, n)
	var requests sync.WaitGroup
	for i := range n {
		requests.Go(func() { out[i] = s.Chat("m") })
	}
	requests.Wait()
	return out
}

// Statuses returns the statuses of the replies, sorted.
func Statuses(list []Reply) []int {
	var out []int
	for _, r := range list {
		out = append(out, r.Status)
	}
	slices.Sort(out)
	return out
}

// CountAsked returns how often the upstream was asked for model.
func (s *Stack) CountAsked(model string) int {
	n := 0
	for _, m := range s.Models() {
		if m == model {
			n++
		}
	}
	return n
}

// CountFailures returns how many attempts and streams failed according to the log.
func (s *Stack) CountFailures() int {
	return s.CountLogged("attempt failed") + s.CountLogged("stream failed")
}
