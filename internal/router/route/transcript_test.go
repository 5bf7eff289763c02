package route_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/route/routetest"
)

// TestRequestsAreRoutedAsLiteLLMRoutedThem replays what the real LiteLLM was asked, and compares
// which deployments were asked for which models.
func TestRequestsAreRoutedAsLiteLLMRoutedThem(t *testing.T) {
	t.Parallel()
	config, all, err := routetest.Read("testdata/litellm")
	if err != nil || len(all) < 14 {
		t.Fatal(len(all), err)
	}
	for _, tr := range all {
		t.Run(tr.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				synctest.Test(t, func(t *testing.T) {
					p := &player{network: newNetwork(t, config, seed), held: map[string]chan struct{}{}, talks: routetest.Talks{}}
					for _, difference := range tr.Differences(p.play(config, tr)) {
						t.Error(difference)
					}
				})
			}
		})
	}
}

// player plays transcripts.
type player struct {
	*network
	mu    sync.Mutex
	asked []string
	held  map[string]chan struct{} // by host: what holds its replies
	open  sync.WaitGroup
	talks routetest.Talks
}

// play plays a transcript, and returns what was asked.
func (p *player) play(config string, tr routetest.Transcript) []routetest.Step {
	for _, host := range routetest.Hosts(config) {
		p.answer(host, p.double(host, tr.Upstreams[host]))
	}
	var got []routetest.Step
	for i, s := range tr.Steps {
		step := routetest.Step{Do: s.Do}
		switch s.Do {
		case "release":
			p.release(s.Release)
		case "hold":
			p.hold(i, s)
		default:
			step.Status = p.request(i, s)
		}
		step.Asked = p.takeAsked()
		got = append(got, step)
	}
	p.release(routetest.Hosts(config))
	p.open.Wait()
	return got
}

// request makes the request of a step.
func (p *player) request(number int, s routetest.Step) (status int) {
	p.mu.Lock()
	path, body := p.talks.Request(number, s)
	p.mu.Unlock()
	in := dialect.Chat
	if path == "responses" {
		in = dialect.Responses
	}
	got := p.ask(in, body, s.Headers)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talks.Keep(s, []byte(got.body))
	return got.status
}

// hold makes the request of a step, whose reply waits for release.
func (p *player) hold(number int, s routetest.Step) {
	p.mu.Lock()
	for _, host := range []string{s.Model + "-a", s.Model + "-b", s.Model + "-c"} {
		if p.held[host] == nil {
			p.held[host] = make(chan struct{})
		}
	}
	p.mu.Unlock()
	p.open.Go(func() { p.request(number, s) })
	synctest.Wait()
}

// release has hosts answer what they hold.
func (p *player) release(hosts []string) {
	p.mu.Lock()
	for _, host := range hosts {
		if p.held[host] != nil {
			close(p.held[host])
			p.held[host] = nil
		}
	}
	p.mu.Unlock()
	synctest.Wait()
}

// double returns the double of an upstream.
func (p *player) double(host string, u routetest.Upstream) upstreamDouble {
	return func(body string) doubleReply {
		p.mu.Lock()
		p.asked = append(p.asked, host+" "+gjson.Get(body, "model").String())
		held := p.held[host]
		p.mu.Unlock()
		if held != nil {
			<-held
		}
		time.Sleep(time.Duration(u.DelayMS) * time.Millisecond)
		if u.Status != 0 {
			return doubleReply{status: u.Status, body: `{"error":{"message":"broken"}}`}
		}
		if gjson.Get(body, "input").Exists() {
			status, text := routetest.Respond(host, body)
			return doubleReply{status: status, body: text}
		}
		return chatReply("1", fmt.Sprint(max(10, u.Tokens)))
	}
}

// takeAsked returns what was asked since the last time.
func (p *player) takeAsked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := strings.Join(p.asked, ", ")
	p.asked = nil
	return asked
}
