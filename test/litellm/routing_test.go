package litellm_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// TestRoutingStrategiesChooseAsLiteLLMDoes sends the same scripts of requests through the
// real LiteLLM and the embedded router, where each choice is determined by what went
// before, and compares which deployments were asked.
func TestRoutingStrategiesChooseAsLiteLLMDoes(t *testing.T) {
	t.Parallel()
	required(t)
	up := &capturingUpstream{held: map[string]chan struct{}{}}
	at := start(t, "127.0.0.1:0", up)
	real := startLiteLLM(t, write(t, at, "router_settings: {num_retries: 0, routing_groups: ["+groups()+"], "+
		"model_group_affinity_config: {sticky: [session_affinity]}}\n"))
	for _, s := range scripts {
		loaded, err := settings.Load(write(t, at, "router_settings: {num_retries: 0, routing_strategy: "+s.strategy+
			", model_group_affinity_config: {sticky: [session_affinity]}}\n"), os.Getenv)
		check(t, err)
		embedded, err := router.New(loaded, router.Options{Rand: func() float64 { return 0 }})
		check(t, err)
		addr := start(t, "127.0.0.1:0", embedded)
		ours := s.run(&conversation{t: t, up: up, addr: addr, model: s.group})
		theirs := s.run(&conversation{t: t, up: up, addr: real, model: s.group, settle: 700 * time.Millisecond})
		if ours != theirs || ours != s.want {
			t.Errorf("%s\n  LiteLLM %s\n  router  %s\n  want    %s", s.strategy, theirs, ours, s.want)
		}
	}
}

// scripts are the requests for each strategy, and which deployments they go to.
var scripts = []struct {
	strategy, group, want string
	run                   func(c *conversation) string
}{
	{"least-busy", "busy", "a b c, then b, then c, then a", func(c *conversation) string {
		first := []string{c.askAndHold(), c.askAndHold(), c.askAndHold()}
		c.release("b")
		second := c.askAndHold()
		c.release("c")
		third := c.askAndHold()
		c.release("a")
		fourth := c.askAndHold()
		c.release("a", "b", "c")
		return strings.Join(first, " ") + ", then " + second + ", then " + third + ", then " + fourth
	}},
	{"latency-based-routing", "fast", "a b, then a a a", func(c *conversation) string {
		return c.askTwice() + ", then " + c.ask() + " " + c.ask() + " " + c.ask()
	}},
	{"usage-based-routing-v2", "used", "a b, then b b b", func(c *conversation) string {
		c.awaitFreshMinute()
		return c.askTwice() + ", then " + c.ask() + " " + c.ask() + " " + c.ask()
	}},
	{"cost-based-routing", "priced", "b b a a", func(c *conversation) string {
		c.awaitFreshMinute()
		return c.ask() + " " + c.ask() + " " + c.ask() + " " + c.ask()
	}},
	{"simple-shuffle", "weighted", "b b b b", func(c *conversation) string {
		return c.ask() + " " + c.ask() + " " + c.ask() + " " + c.ask()
	}},
	{"simple-shuffle", "sticky", "8 sessions, 8 pairs", func(c *conversation) string {
		pairs := map[string]bool{}
		for session := range 8 {
			for range 3 {
				pairs[fmt.Sprint(session, c.ask("X-Claude-Code-Session-Id", fmt.Sprintf("0193f2d4-session-%d", session)))] = true
			}
		}
		return fmt.Sprintf("8 sessions, %d pairs", len(pairs))
	}},
}

// groups returns routing_groups, in which LiteLLM has a strategy for each group.
func groups() string {
	var all []string
	for _, s := range scripts {
		all = append(all, fmt.Sprintf("{group_name: g-%s, models: [%[1]s], routing_strategy: %s}", s.group, s.strategy))
	}
	return strings.Join(all, ", ")
}

// write writes a configuration with all groups, whose deployments are at the upstream.
func write(t *testing.T, at, routing string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("model_list:\n")
	for group, list := range map[string][]string{
		"busy": {"a", "b", "c"}, "fast": {"a", "b"}, "used": {"a", "b"}, "weighted": {"a, weight: 0", "b, weight: 1"},
		"priced": {"a, input_cost_per_token: 2.0e-5, output_cost_per_token: 1.0e-5",
			"b, input_cost_per_token: 1.0e-6, output_cost_per_token: 2.0e-6, rpm: 2"},
		"sticky": {"a", "b", "c"},
	} {
		for _, d := range list {
			name, params, _ := strings.Cut(d, ",")
			if params != "" {
				params = "," + params
			}
			fmt.Fprintf(&b, "  - {model_name: %[1]s, litellm_params: {model: openai/%[1]s, api_base: "+
				"\"http://%[2]s/%[1]s-%[3]s/v1\", api_key: k%[4]s}, model_info: {id: %[1]s-%[3]s}}\n", group, at, name, params)
		}
	}
	b.WriteString("general_settings: {master_key: sk-routing-0123456789}\n" + routing)
	path := filepath.Join(t.TempDir(), "settings.yaml")
	check(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// capturingUpstream is a double of chat upstreams: the first part of a path names the
// deployment, and with it how the reply is.
type capturingUpstream struct {
	mu    sync.Mutex
	calls []string                 // deployments, in order
	held  map[string]chan struct{} // by the deployment: a reply waits until the channel is closed
}

// ServeHTTP answers a chat request.
func (u *capturingUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if rest != "v1/chat/completions" {
		http.NotFound(w, r) // LiteLLM asks for the models at its start
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // its end does not matter
	group, deployment, _ := strings.Cut(name, "-")
	u.mu.Lock()
	u.calls = append(u.calls, deployment)
	wait := u.held[deployment]
	u.mu.Unlock()
	tokens := 10
	switch {
	case group == "busy" && wait != nil:
		<-wait
	case name == "fast-a": // slower, but faster for each token
		tokens = 500
		time.Sleep(500 * time.Millisecond)
	case name == "fast-b":
		time.Sleep(200 * time.Millisecond)
	case name == "used-a":
		tokens = 1000
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"c","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,`+
		`"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":1,`+
		`"completion_tokens":%d,"total_tokens":%d}}`,
		tokens, tokens+1)
}

// conversation is a client of one router.
type conversation struct {
	t      *testing.T
	up     *capturingUpstream
	addr   string
	model  string
	settle time.Duration // LiteLLM counts a reply after it was sent
	open   sync.WaitGroup
}

// ask makes a request and returns the deployment that was asked.
func (c *conversation) ask(header ...string) string {
	c.t.Helper()
	before := c.countCalls()
	c.send(header...)
	time.Sleep(c.settle)
	return c.listAsked(before)
}

// send makes a request.
func (c *conversation) send(header ...string) {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://"+c.addr+"/v1/chat/completions",
		strings.NewReader(`{"model":"`+c.model+`","messages":[{"role":"user","content":"hello"}]}`))
	if err != nil {
		c.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer sk-routing-0123456789")
	req.Header.Set("Content-Type", "application/json")
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Error(err)
		return
	}
	body, _ := io.ReadAll(res.Body)
	if res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		c.t.Errorf("%s: %d %s", c.model, res.StatusCode, body)
	}
}

// askTwice makes two requests, which go to two deployments in any order.
func (c *conversation) askTwice() string {
	both := []string{c.ask(), c.ask()}
	slices.Sort(both)
	return strings.Join(both, " ")
}

// askAndHold makes a request whose reply waits for release, and returns the deployment.
func (c *conversation) askAndHold() string {
	before := c.countCalls()
	c.up.mu.Lock()
	for _, name := range []string{"a", "b", "c"} {
		if c.up.held[name] == nil {
			c.up.held[name] = make(chan struct{})
		}
	}
	c.up.mu.Unlock()
	c.open.Go(func() { c.send() })
	for deadline := time.Now().Add(time.Minute); c.countCalls() == before && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	return c.listAsked(before)
}

// release lets the deployments answer what they hold; without a request that is still
// open, it waits for the replies.
func (c *conversation) release(names ...string) {
	c.up.mu.Lock()
	for _, name := range names {
		close(c.up.held[name])
		c.up.held[name] = nil
	}
	c.up.mu.Unlock()
	time.Sleep(c.settle + 50*time.Millisecond) // until the reply is counted
	if len(names) == 3 {
		c.open.Wait()
	}
}

// countCalls returns how many requests the upstream got.
func (c *conversation) countCalls() int {
	c.up.mu.Lock()
	defer c.up.mu.Unlock()
	return len(c.up.calls)
}

// listAsked returns the deployments that were asked since count gave before.
func (c *conversation) listAsked(before int) string {
	c.up.mu.Lock()
	defer c.up.mu.Unlock()
	return strings.Join(c.up.calls[before:], "+")
}

// awaitFreshMinute waits until a minute has begun that has room for a script.
func (c *conversation) awaitFreshMinute() {
	if second := time.Now().Second(); second > 45 {
		time.Sleep(time.Duration(61-second) * time.Second)
	}
}
