package litellm_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/route/routetest"
)

var update = flag.Bool("update", false, "record the transcripts of routing anew")

// TestTheTranscriptsOfRoutingAreStillTrue plays the transcripts that package route replays
// through the real LiteLLM, and compares what it asks now. With -update it records them.
func TestTheTranscriptsOfRoutingAreStillTrue(t *testing.T) {
	t.Parallel()
	required(t)
	dir := filepath.Join("../..", routetest.Dir)
	config, all, err := routetest.Read(dir)
	check(t, err)
	up := &scriptedUpstream{held: map[string]chan struct{}{}}
	file := filepath.Join(t.TempDir(), "settings.yaml")
	check(t, os.WriteFile(file, []byte(routetest.At(config, start(t, "127.0.0.1:0", up))+
		"general_settings: {master_key: sk-routing-0123456789}\n"), 0o600))
	addr := startLiteLLM(t, file)
	for _, tr := range all {
		up.reset(tr.Upstreams)
		p := &recording{t: t, up: up, addr: addr, talks: routetest.Talks{}}
		if strings.Contains(tr.Name, "based-routing") {
			awaitFreshMinute()
		}
		got := p.play(tr, routetest.Hosts(config))
		if *update && !t.Failed() {
			for i := range tr.Steps {
				tr.Steps[i].Asked, tr.Steps[i].Status = got[i].Asked, got[i].Status
			}
			check(t, tr.Write(dir))
			continue
		}
		for _, difference := range tr.Differences(got) {
			t.Errorf("%s: LiteLLM does something else now: %s", tr.Name, difference)
		}
	}
}

// awaitFreshMinute waits until a minute has begun that has room for a script.
func awaitFreshMinute() {
	if second := time.Now().Second(); second > 45 {
		time.Sleep(time.Duration(61-second) * time.Second)
	}
}

// recording is a client that plays one transcript.
type recording struct {
	t    *testing.T
	up   *scriptedUpstream
	addr string
	open sync.WaitGroup

	mu    sync.Mutex
	talks routetest.Talks
}

// settle is how long LiteLLM may take to count a reply after it was sent.
const settle = 700 * time.Millisecond

// play plays a transcript, and returns what was asked.
func (p *recording) play(tr routetest.Transcript, hosts []string) []routetest.Step {
	var got []routetest.Step
	for i, s := range tr.Steps {
		step := routetest.Step{}
		switch s.Do {
		case "release":
			p.up.release(s.Release)
			time.Sleep(settle)
		case "hold":
			p.up.hold(s.Model)
			before := p.up.count()
			p.open.Go(func() { p.send(i, s) })
			for deadline := time.Now().Add(time.Minute); p.up.count() == before && time.Now().Before(deadline); {
				time.Sleep(5 * time.Millisecond)
			}
		default:
			step.Status = p.send(i, s)
			time.Sleep(settle)
		}
		step.Asked = p.up.takeAsked()
		got = append(got, step)
	}
	p.up.release(hosts)
	p.open.Wait()
	return got
}

// send makes the request of a step, and returns its status.
func (p *recording) send(number int, s routetest.Step) int {
	p.mu.Lock()
	path, body := p.talks.Request(number, s)
	p.mu.Unlock()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, "http://"+p.addr+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return 0
	}
	req.Header.Set("Authorization", "Bearer sk-routing-0123456789")
	req.Header.Set("Content-Type", "application/json")
	for name, value := range s.Headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Error(err)
		return 0
	}
	reply, _ := io.ReadAll(res.Body) // what is missing shows in the next step
	_ = res.Body.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talks.Keep(s, reply)
	return res.StatusCode
}

// scriptedUpstream is a double of all upstreams: the first part of a path is the host.
type scriptedUpstream struct {
	mu    sync.Mutex
	how   map[string]routetest.Upstream
	asked []string
	total int
	held  map[string]chan struct{} // by host: what holds its replies
}

// ServeHTTP answers a request of chat or of the Responses API.
func (u *scriptedUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if rest != "v1/chat/completions" && rest != "v1/responses" {
		http.NotFound(w, r) // LiteLLM asks for the models at its start
		return
	}
	body, _ := io.ReadAll(r.Body) // what is missing shows in the transcript
	var q struct{ Model string }
	_ = json.Unmarshal(body, &q) // a body that is not JSON has no model
	u.mu.Lock()
	u.asked, u.total = append(u.asked, host+" "+q.Model), u.total+1
	held, how := u.held[host], u.how[host]
	u.mu.Unlock()
	if held != nil {
		<-held
	}
	time.Sleep(time.Duration(how.DelayMS) * time.Millisecond)
	w.Header().Set("Content-Type", "application/json")
	if how.Status != 0 {
		w.WriteHeader(how.Status)
		fmt.Fprint(w, `{"error":{"message":"broken"}}`)
		return
	}
	if rest == "v1/responses" {
		status, text := routetest.Respond(host, string(body))
		w.WriteHeader(status)
		fmt.Fprint(w, text)
		return
	}
	tokens := max(10, how.Tokens)
	fmt.Fprintf(w, `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",`+
		`"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":%d,"total_tokens":%d}}`,
		tokens, tokens+1)
}

// reset begins another transcript.
func (u *scriptedUpstream) reset(how map[string]routetest.Upstream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.how, u.asked = how, nil
}

// hold has the hosts of a group hold their replies.
func (u *scriptedUpstream) hold(group string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, host := range []string{group + "-a", group + "-b", group + "-c"} {
		if u.held[host] == nil {
			u.held[host] = make(chan struct{})
		}
	}
}

// release has hosts answer what they hold.
func (u *scriptedUpstream) release(hosts []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, host := range hosts {
		if u.held[host] != nil {
			close(u.held[host])
			u.held[host] = nil
		}
	}
}

// count returns how many requests came so far.
func (u *scriptedUpstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.total
}

// takeAsked returns what was asked since the last time.
func (u *scriptedUpstream) takeAsked() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	asked := strings.Join(u.asked, ", ")
	u.asked = nil
	return asked
}
