package deploy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// question is a request for the echo upstream.
const question = `{"model":"router-default","messages":[{"role":"user","content":"a question from a pod"}]}`

// ask sends a request and returns the status and the reply.
func (p *pod) ask(method, path, key, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url(path), strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.log)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// end sends SIGTERM, as the kubelet does, and waits until the process has ended; after the grace period it would be
// killed.
func (p *pod) end(between func()) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	between()
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		p.t.Fatalf("%s goes on after SIGTERM\n%s", p.container.Name, p.log)
	}
	if !p.cmd.ProcessState.Success() {
		p.t.Errorf("%s ended with %v\n%s", p.container.Name, p.cmd.ProcessState, p.log)
	}
}

// openRequest sends the head of a request and waits until the router wants its body. finish sends that, and returns
// the reply.
func (p *pod) openRequest(key string) (finish func() (int, string)) {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url(""), "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", key, len(question))
	reader := bufio.NewReader(conn)
	if err == nil {
		var res *http.Response
		if res, err = http.ReadResponse(reader, nil); err == nil && res.StatusCode != http.StatusContinue {
			p.t.Fatalf("the router answered %s before it had the request", res.Status)
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return func() (int, string) {
		p.t.Helper()
		_, err := io.WriteString(conn, question)
		if err != nil {
			p.t.Fatal(err)
		}
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			p.t.Fatalf("a request in flight got %v\n%s", err, p.log)
		}
		text, err := io.ReadAll(res.Body)
		if err != nil {
			p.t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
}

// await waits until something is so.
func (p *pod) await(what string, isSo func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s: not within a minute\n%s", what, p.log)
		}
	}
}

// isListening reports whether new connections are taken.
func (p *pod) isListening() bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url(""), "http://"))
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// templateNamed returns the pods of a Deployment.
func templateNamed(s stack, name string) *core.PodTemplateSpec {
	for _, d := range s.documents {
		if o, ok := d.object.(*apps.Deployment); ok && o.Name == name {
			return &o.Spec.Template
		}
	}
	return nil
}

// freePorts returns a free port of this machine for each port of the containers.
func freePorts(t *testing.T, s stack) map[int32]int {
	t.Helper()
	var wanted []int32
	for _, template := range s.templates() {
		for _, p := range template.Spec.Containers[0].Ports {
			wanted = append(wanted, p.ContainerPort)
		}
	}
	return freePortsFor(t, wanted...)
}

// freePortsFor returns a free port of this machine for each of some ports.
func freePortsFor(t *testing.T, wanted ...int32) map[int32]int {
	t.Helper()
	free := map[int32]int{}
	for _, port := range wanted {
		free[port] = tcptest.FreePort(t)
	}
	return free
}

// TestARouterRunsAsAPodOfTheManifests runs the router, and the echo upstream where that is the configuration's, with
// the image, volumes, variables, user and arguments of the manifests, in a root folder that cannot be written; asks
// what the probes ask and sends requests; and ends it as Kubernetes does.
func TestARouterRunsAsAPodOfTheManifests(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{"echo": {gatewayKey}, "single": {gatewayKey, namedKey},
		"accounts": {gatewayKey}, "providers": {"value-of-MASTER_KEY"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := install(t, name, t.TempDir())
			folder := render(t, cfg, optionsOf(t, name))
			all, refused := judge(build(t, folder), makeSecrets(t, folder, cfg.Dir))
			if refused != "" {
				t.Fatal(refused)
			}
			s := stack{documents: all, secrets: makeSecrets(t, folder, cfg.Dir)}
			ports := freePorts(t, s)
			upstream := templateNamed(s, "cliproxyapi")
			hasEcho := upstream != nil && upstream.Spec.Containers[0].Name == "echo" && name != "providers"
			if hasEcho {
				newPod(t, s, upstream, ports).awaitReady()
			}
			router := newPod(t, s, templateNamed(s, "router"), ports)
			router.awaitReady()
			router.checkAnswers(keys, hasEcho)
			router.checkMetric(keys[0], s)
			router.checkEnd(keys[0], hasEcho)
		})
	}
}

// checkAnswers checks who may ask, and what is answered.
func (p *pod) checkAnswers(keys []string, hasEcho bool) {
	p.t.Helper()
	if status, text := p.ask("GET", "/v1/models", "", ""); status != http.StatusUnauthorized {
		p.t.Errorf("without a key: %d %s", status, text)
	}
	for _, key := range keys {
		if status, text := p.ask("GET", "/v1/models", key, ""); status != http.StatusOK || !strings.Contains(text, `"id"`) {
			p.t.Errorf("models: %d %s", status, text)
		}
		if status, text := p.ask("POST", "/v1/chat/completions", key, question); hasEcho &&
			(status != http.StatusOK || !strings.Contains(text, "a question from a pod")) {
			p.t.Errorf("a request: %d %s", status, text)
		}
	}
}

// checkMetric checks that the router has the number that its autoscaler goes by.
func (p *pod) checkMetric(key string, s stack) {
	p.t.Helper()
	for _, d := range s.documents {
		o, ok := d.object.(*autoscaling.HorizontalPodAutoscaler)
		if !ok {
			continue
		}
		name := o.Spec.Metrics[0].Pods.Metric.Name
		if status, text := p.ask("GET", "/metrics", key, ""); status != http.StatusOK || !strings.Contains(text, "\n"+name) {
			p.t.Errorf("%d: the router has no metric %s", status, name)
		}
	}
}

// TestVariablesThatNameOthersAreWhole replaces $(NAME) in variables as the kubelet does.
func TestVariablesThatNameOthersAreWhole(t *testing.T) {
	t.Parallel()
	cfg := install(t, "providers", t.TempDir())
	folder := render(t, cfg, optionsOf(t, "providers"))
	secrets := makeSecrets(t, folder, cfg.Dir)
	all, refused := judge(build(t, folder), secrets)
	if refused != "" {
		t.Fatal(refused)
	}
	got := environmentOf(t, stack{documents: all, secrets: secrets}, routerOf(all).Spec.Containers[0])
	for _, want := range []string{"HTTPS_PROXY=http://value-of-PROXY_USER:value-of-PROXY_PASSWORD@proxy.example.org:3128",
		"LOG=$(plain)", "MASTER_KEY=value-of-MASTER_KEY"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not in %q", want, got)
		}
	}
}

// checkEnd ends a router that has a request in flight: first it tells Services that it leaves and answers still, then it
// takes no more connections, and it ends when the request has its reply.
func (p *pod) checkEnd(key string, hasEcho bool) {
	p.t.Helper()
	finish := func() (int, string) { return http.StatusOK, "a question from a pod" }
	if hasEcho {
		finish = p.openRequest(key)
	}
	p.end(func() {
		p.await("the readiness probe of a router that leaves", func() bool { return !p.probe(p.container.ReadinessProbe) })
		if !p.isListening() || !p.probe(p.container.LivenessProbe) {
			p.t.Error("a router whose Services may still lead to it takes no connection")
		}
		p.await("the end of its port", func() bool { return !p.isListening() })
		if status, text := finish(); status != http.StatusOK || !strings.Contains(text, "a question from a pod") {
			p.t.Errorf("the request in flight: %d %s", status, text)
		}
	})
}
