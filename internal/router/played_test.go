package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// player is an upstream that a test scripts itself.
type player struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // the path of each request
}

// play starts an upstream that answers the n-th request, from 0, by reply.
func play(t *testing.T, reply func(n int, w http.ResponseWriter, r *http.Request)) *player {
	t.Helper()
	p := &player{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		n := len(p.seen)
		p.seen = append(p.seen, r.URL.Path)
		p.mu.Unlock()
		reply(n, w, r)
	}))
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func (p *player) addr() string { return p.Listener.Addr().String() }

func (p *player) calls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen)
}

// refuse answers with a status and header lines.
func refuse(w http.ResponseWriter, status int, header ...string) {
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"message":"the model says %d","type":"upstream_error"}}`, status)
}

func good(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"id":"c1","object":"chat.completion","model":"up","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}]}`)
}

// lone is one deployment of group m, id d, with settings.
func lone(settings string) string {
	return "model_list:\n  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: " +
		"k-secret}, model_info: {id: d}}\n" +
		"general_settings: {master_key: sk-test}\n" + settings
}

const cooldowns = "router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 0}\n"

// isCooling reports whether a reply is the router's own, because every deployment cools down.
func isCooling(got reply) bool { return strings.Contains(got.body, "all_deployments_in_cooldown") }

// logged counts the log's lines with that message.
func (s *stack) logged(message string) int {
	return strings.Count(s.log.String(), `"msg":"`+message+`"`)
}

// turns runs n requests at once and returns their replies.
func (s *stack) turns(n int) []reply {
	out := make([]reply, n)
	var owner sync.WaitGroup
	for i := range n {
		owner.Go(func() { out[i] = s.chat("m") })
	}
	owner.Wait()
	return out
}

func statuses(list []reply) []int {
	var out []int
	for _, r := range list {
		out = append(out, r.status)
	}
	slices.Sort(out)
	return out
}
