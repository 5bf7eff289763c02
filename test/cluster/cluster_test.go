package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/ownfile/ownfiletest"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// masterKey is the gateway key.
const masterKey = "sk-cluster-master-0123456789"

// configuration is of the router %[3]s: the upstream is %[1]s, the port of Redis is %[2]d. Routers that share what
// they know have the same configuration; only a header tells the upstream which of them asks.
const configuration = `x-up: &up {model: openai/up, api_key: k-up, input_cost_per_token: 0.001, output_cost_per_token: 0.001, extra_headers: {X-Router: %[3]s}}
model_list:
  - {model_name: m, litellm_params: {model: openai/up, api_base: "%[1]s/a/v1", <<: *up}, model_info: {id: a}}
  - {model_name: m, litellm_params: {model: openai/up, api_base: "%[1]s/b/v1", <<: *up}, model_info: {id: b}}
  - {model_name: solo, litellm_params: {model: openai/up, api_base: "%[1]s/c/v1", <<: *up}, model_info: {id: c}}
router_settings: {num_retries: 2, cooldown_time: 30, optional_pre_call_checks: [session_affinity], redis_host: 127.0.0.1, redis_port: %[2]d}
general_settings: {master_key: ` + masterKey + `}
`

// balancing is haproxy's configuration: its port is %[1]d, %[2]s are the routers. A request that no router
// has begun to answer goes to another one; X-Served-By names the router.
const balancing = `defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  option http-server-close
  option redispatch 1
  retries 5
  retry-on conn-failure
listen routers
  bind 127.0.0.1:%[1]d
  balance roundrobin
  option httpchk GET /health/readiness
  default-server check inter 200ms fall 1 rise 1
  http-after-response set-header X-Served-By %%s
%[2]s
frontend ready
  bind 127.0.0.1:%[3]d
  http-request return status 200
`

// routers is how many routers a cluster has.
const routers = 3

// router is one of the routers.
type router struct {
	t       *testing.T
	url     string
	usage   string // the folder of its ledger
	command []string
	*process
}

// run starts the router.
func (r *router) run() {
	r.t.Helper()
	r.process = start(r.t, "router listens", r.command[0], r.command[1:]...)
}

// cluster is three routers behind haproxy, with one Redis and one upstream.
type cluster struct {
	t        *testing.T
	url      string // of haproxy
	routers  []*router
	redis    *process
	upstream *upstream
	keys     clientkey.Store // where keys are made; the routers have them from a mounted folder
	mounted  string

	redisCommand []string
	redisPort    int // where the routers look for Redis; create may set it
}

// startCluster starts a cluster; create makes named keys before the routers start, and may be nil.
func startCluster(t *testing.T, create func(*cluster)) *cluster {
	t.Helper()
	requirePrograms(t)
	programs, err := findPrograms()
	if err != nil {
		t.Fatal(err)
	}
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	ports := make([]int, routers+3)
	for i := range ports {
		ports[i] = tcptest.FreePort(t)
	}
	dir := t.TempDir()
	c := &cluster{t: t, upstream: startUpstream(t), keys: clientkey.Store{Folder: filepath.Join(dir, "secrets")},
		mounted: filepath.Join(dir, "mounted"), url: fmt.Sprintf("http://127.0.0.1:%d", ports[1]),
		redisCommand: redisCommand(programs[1], ports[0], dir), redisPort: ports[0]}
	c.startRedis()
	if create != nil {
		create(c)
		c.mountKeys()
	}
	var servers strings.Builder
	for i, port := range ports[3:] {
		name := fmt.Sprintf("r%d", i)
		settings := c.write(dir, name+".yaml", fmt.Sprintf(configuration, c.upstream.URL, c.redisPort, name))
		usage := filepath.Join(dir, "usage", name)
		r := &router{t: t, usage: usage, url: fmt.Sprintf("http://127.0.0.1:%d", port), command: []string{program, "router:serve",
			"-settings=" + settings, fmt.Sprintf("-port=%d", port), "-keys=" + c.mounted,
			"-usage=" + usage, "-linger=2s"}}
		r.run()
		c.routers = append(c.routers, r)
		fmt.Fprintf(&servers, "  server %s 127.0.0.1:%d\n", name, port)
	}
	balancer := c.write(dir, "haproxy.cfg", fmt.Sprintf(balancing, ports[1], servers.String(), ports[2]))
	start(t, "polling mechanism", programs[0], "-V", "-f", balancer)
	c.waitReady(fmt.Sprintf("http://127.0.0.1:%d", ports[2]))
	return c
}

// redisCommand is the command of a Redis that writes nothing to the disk.
func redisCommand(program string, port int, dir string, further ...string) []string {
	return append([]string{program, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir,
		"--enable-debug-command", "local"}, further...)
}

// startRedis starts Redis.
func (c *cluster) startRedis() {
	c.t.Helper()
	c.redis = start(c.t, "Ready to accept connections", c.redisCommand[0], c.redisCommand[1:]...)
}

// write writes a file.
func (c *cluster) write(dir, name, text string) string {
	c.t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// createKey makes a named key.
func (c *cluster) createKey(alias string, l clientkey.Limits) string {
	c.t.Helper()
	issued, err := c.keys.Create(c.t.Context(), alias, l)
	if err != nil {
		c.t.Fatal(err)
	}
	return issued.Key
}

// mountKeys brings the file of keys into the folder that the routers have, as Kubernetes does.
func (c *cluster) mountKeys() {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.keys.Folder, clientkey.FileName))
	if err == nil {
		err = os.MkdirAll(c.mounted, 0o755)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	ownfiletest.Mount(c.t, c.mounted, map[string]string{clientkey.FileName: string(text)})
}

// waitReady waits until haproxy and the routers answer, and share what they know.
func (c *cluster) waitReady(balancer string) {
	c.t.Helper()
	eventually(c.t, "haproxy answers", func() bool {
		resp, err := http.Get(balancer)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	c.waitShared("")
}

// waitShared waits until all routers say that they share with two others, or why they do not.
func (c *cluster) waitShared(problem string) {
	c.t.Helper()
	for i, r := range c.routers {
		eventually(c.t, fmt.Sprintf("router %d says of Redis %q", i, problem), func() bool {
			s := r.state().Sharing
			return problem == "" && s.Connected && s.Routers == routers-1 || problem != "" && s.Problem == problem
		})
	}
}

// state is what a router tells of itself.
type state struct {
	Cooling []struct{ Deployment string }
	Sharing struct {
		Connected bool
		Problem   string
		Routers   int
	}
}

// state returns what the router tells of itself.
func (r *router) state() (s state) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+"/health/deployments", http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+masterKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		r.t.Fatal(err)
	}
	return s
}

// cools reports whether a deployment cools down for the router.
func (r *router) cools(deployment string) bool {
	for _, d := range r.state().Cooling {
		if d.Deployment == deployment {
			return true
		}
	}
	return false
}

// result is what became of a request.
type result struct {
	status     int
	router     string // r0, r1 or r2
	deployment string
	body       string
	err        error
	began      time.Time
}

// ask sends a request with a key to a router, or to haproxy; session may be empty.
func ask(url, key, session string) (got result) {
	return askModel(context.Background(), "m", url, key, session)
}

// askModel is ask for a model, until ctx ends.
func askModel(ctx context.Context, model, url, key, session string) (got result) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions",
		strings.NewReader(`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`))
	if err != nil {
		return result{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	if session != "" {
		req.Header.Set("X-Claude-Code-Session-Id", session)
	}
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return result{err: err, began: began}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return result{resp.StatusCode, resp.Header.Get("X-Served-By"), resp.Header.Get("X-Litellm-Model-Id"), string(body), err, began}
}

// eventually waits until something is so; it fails after a minute.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !isSo(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after a minute: %s", what)
		}
	}
}

// restart ends a router as Kubernetes does, and starts it again.
func (r *router) restart() {
	r.t.Helper()
	r.signal(r.t, syscall.SIGTERM)
	r.wait()
	r.run()
}
