package route_test

import (
	"cmp"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/route"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/transport"
	"github.com/flowgate-go/flowgate/internal/router/upstream"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// network is the routing code, from a request's body to its reply, before doubles of
// upstreams that answer without sockets. It is made for the fake clock of
// testing/synctest: waits cost nothing, and the same seed gives the same run.
type network struct {
	t           *testing.T
	policy      route.Policy
	sender      upstream.Sender
	reader      request.Reader
	replies     reply.Options
	budget      memory.Budget
	deployments []*deployment.Deployment

	mu        sync.Mutex
	upstreams map[string]upstreamDouble // by the host of their address
	calls     map[string]int
}

// upstreamDouble answers one request. It may sleep.
type upstreamDouble func(body string) doubleReply

// doubleReply is what an upstreamDouble answers. With events it is a stream.
type doubleReply struct {
	status int // 0: 200
	header http.Header
	body   string
	events []string
	pause  time.Duration // before each event
}

// newNetwork returns a network with the settings in yaml and all random choices seeded.
func newNetwork(t *testing.T, yaml string, seed uint64) *network {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	if err := os.WriteFile(path, []byte(yaml+"\ngeneral_settings: {master_key: sk-test}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := settings.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	n := &network{t: t, upstreams: map[string]upstreamDouble{}, calls: map[string]int{}}
	for _, d := range s.Deployments {
		n.deployments = append(n.deployments, deployment.New(d))
	}
	dog := &watchdog.Watchdog{}
	shared := &http.Transport{}
	shared.RegisterProtocol("http", n)
	n.budget.SetLimit(1 << 30)
	n.reader = request.Reader{MaxBody: 1 << 20, BodyTimeout: time.Minute, MeasuresPrompts: s.MeasuresPrompts(),
		Watchdog: dog}
	n.replies = reply.Options{Watchdog: dog, WriteTimeout: time.Minute, Now: time.Now}
	n.sender = upstream.Sender{Settings: s, Transport: transport.Transport{Shared: shared, Unshared: shared},
		Watchdog: dog, Now: time.Now, MaxBody: 1 << 20}
	random := n.locked(rand.New(rand.NewPCG(seed, seed)))
	logger := slog.New(slog.DiscardHandler)
	n.policy = route.Policy{Settings: s, Groups: route.NewGroups(s, n.deployments), Logger: logger, Now: time.Now,
		Rand: random, Sleep: route.SleepOnTimer, After: time.After,
		Cooldown: &cooldown.Policy{Rule: s.Cooldown, Now: time.Now, Logger: logger}}
	n.policy.Prepare(n.deployments)
	return n
}

// locked returns a source of numbers from 0 up to 1 for several goroutines.
func (n *network) locked(r *rand.Rand) func() float64 {
	return func() float64 {
		n.mu.Lock()
		defer n.mu.Unlock()
		return r.Float64()
	}
}

// answer has the upstream at http://HOST answer with double.
func (n *network) answer(host string, double upstreamDouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.upstreams[host] = double
}

// takeCalls returns how many requests each upstream got since the last time.
func (n *network) takeCalls() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	calls := n.calls
	n.calls = map[string]int{}
	return calls
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	double := n.upstreams[req.URL.Host]
	n.calls[req.URL.Host]++
	n.mu.Unlock()
	got := double(string(body))
	res := &http.Response{StatusCode: cmp.Or(got.status, http.StatusOK), Header: got.header, ContentLength: -1,
		Request: req, Body: io.NopCloser(strings.NewReader(got.body))}
	if res.Header == nil {
		res.Header = http.Header{}
	}
	if got.events != nil {
		res.Header.Set("Content-Type", "text/event-stream")
		res.Body = &pausingBody{events: got.events, pause: got.pause}
	}
	return res, nil
}

// pausingBody reads events with a pause before each of them.
type pausingBody struct {
	events []string
	pause  time.Duration
	rest   string
}

// Read reads the next event, or a part of it.
func (b *pausingBody) Read(p []byte) (int, error) {
	if b.rest == "" {
		if len(b.events) == 0 {
			return 0, io.EOF
		}
		time.Sleep(b.pause)
		b.rest, b.events = b.events[0]+"\n\n", b.events[1:]
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close does nothing.
func (b *pausingBody) Close() error { return nil }

// answered is a reply as the client got it.
type answered struct {
	status     int
	deployment string // model_info.id of the one that answered
	header     http.Header
	body       string
}

// ask makes one request of a client.
func (n *network) ask(in dialect.Dialect, body string, header map[string]string) answered {
	var (
		q    request.Request
		loan memory.Loan
		x    upstream.Exchange
		out  reply.Writer
		walk route.Walk
	)
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	for name, value := range header {
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	q.Reset(req, in, false)
	loan.Reset(&n.budget)
	out.Reset(rec, &q, &n.replies)
	x.Reset(&n.sender, &q, &out, &loan)
	walk.Reset(&n.policy, &q, &x, &out.Routing)
	defer walk.Clear()
	if f := q.Accept(rec, &n.reader, &loan, ""); f != nil {
		n.t.Errorf("the request is refused: %s", f.Text)
		return answered{}
	}
	defer out.Finish()
	g := walk.Group()
	if g == nil {
		out.Fail(walk.NoSuchModel())
		return answered{rec.Code, "", rec.Header(), rec.Body.String()}
	}
	a, f := walk.Answer(g)
	if f != nil {
		out.Fail(f)
	} else if end := out.Deliver(a); a.IsOpen() {
		walk.CountStream(a, end)
	}
	return answered{rec.Code, rec.Header().Get("X-Litellm-Model-Id"), rec.Header(), rec.Body.String()}
}

// chat makes a chat request without a stream.
func (n *network) chat(more ...string) answered {
	return n.ask(dialect.Chat, `{"model":"m","messages":[{"role":"user","content":"hi"}]`+strings.Join(more, "")+`}`, nil)
}

// find returns the deployment with an id.
func (n *network) find(id string) *deployment.Deployment {
	for _, d := range n.deployments {
		if d.ID == id {
			return d
		}
	}
	n.t.Fatalf("there is no deployment %q", id)
	return nil
}

// chatReply is a chat completion that tells its tokens.
func chatReply(prompt, completion string) doubleReply {
	return doubleReply{body: `{"id":"c","object":"chat.completion","model":"up","choices":[{"index":0,"message":` +
		`{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":` + prompt +
		`,"completion_tokens":` + completion + `}}`}
}
