package metrics_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/test/metrics"
)

// masterKey is the gateway key.
const masterKey = metrics.MasterKey

// gateway is the compiled router as a process.
type gateway struct {
	t      *testing.T
	url    string
	keys   clientkey.Store
	client string // a named key with every limit
	reader string // a named key that may read the metrics

	command []string
	process *exec.Cmd
}

// scratch is a folder that is removed after the tests.
var scratch string

func TestMain(m *testing.M) { os.Exit(inMain(m)) }

func inMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "flowgate-metrics-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch = dir
	return m.Run()
}

// compile compiles FlowGate once for all tests.
var compile = sync.OnceValues(func() (string, error) {
	return subprocess.CompileFlowGate(context.Background(), "../..", scratch)
})

// startRouter starts the router of the compiled program.
func startRouter(t *testing.T, upstream, collector string) *gateway {
	t.Helper()
	dir := t.TempDir()
	program, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, keys: clientkey.Store{Folder: filepath.Join(dir, "secrets")}}
	g.client = g.create("laptop", clientkey.Limits{RPM: lo.ToPtr[int64](100000), TPM: lo.ToPtr[int64](1 << 40),
		MaxBudget: lo.ToPtr(1000.0), BudgetDuration: "7d"})
	g.reader = g.create("prometheus", clientkey.Limits{AllowedRoutes: []string{"/metrics"}})
	settings := filepath.Join(dir, "litellm.yaml")
	if err := os.WriteFile(settings, metrics.Configure(upstream, collector), 0o600); err != nil {
		t.Fatal(err)
	}
	port := tcptest.FreePort(t)
	g.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	g.command = []string{program, "router:serve", "-settings=" + settings, fmt.Sprintf("-port=%d", port),
		"-keys=" + g.keys.Folder}
	g.restart()
	return g
}

// restart starts the router.
func (g *gateway) restart() {
	g.t.Helper()
	g.process = start(g.t, "router listens", g.command[0], g.command[1:]...)
}

// create creates a named key.
func (g *gateway) create(alias string, l clientkey.Limits) string {
	g.t.Helper()
	issued, err := g.keys.Create(g.t.Context(), alias, l)
	if err != nil {
		g.t.Fatal(err)
	}
	return issued.Key
}

// start starts a program that runs until the test ends, and waits for a line on its stderr.
func start(t *testing.T, line, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, all := make(chan struct{}), make(chan struct{})
	var last []string
	go func() {
		defer close(all)
		isReady := false
		for s := bufio.NewScanner(stderr); s.Scan(); {
			last = append(last, s.Text())
			if !isReady && strings.Contains(s.Text(), line) {
				isReady = true
				close(ready)
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-all
		_ = cmd.Wait()
	})
	select {
	case <-ready:
	case <-all:
		t.Fatalf("%s ended:\n%s", program, strings.Join(last, "\n"))
	case <-time.After(time.Minute):
		t.Fatalf("%s is not ready after a minute", program)
	}
	return cmd
}

// chat sends a request for a model and returns the status.
func (g *gateway) chat(key, model string, stream bool) int {
	g.t.Helper()
	status, err := metrics.Chat(g.t.Context(), g.url, key, model, stream)
	if err != nil {
		g.t.Fatal(err)
	}
	return status
}

// load sends one round of the scripted load with both keys.
func (g *gateway) load() {
	g.t.Helper()
	for _, key := range []string{masterKey, g.client} {
		if err := metrics.Load(g.t.Context(), g.url, key); err != nil {
			g.t.Fatal(err)
		}
	}
}

// metrics returns what GET /metrics answers to a key.
func (g *gateway) metrics(key string) (int, string) {
	g.t.Helper()
	status, text, err := metrics.Scrape(g.t.Context(), g.url, key)
	if err != nil {
		g.t.Fatal(err)
	}
	return status, text
}

// answers reports whether the router answers.
func (g *gateway) answers() bool {
	resp, err := http.Get(g.url + "/health/liveness")
	if err == nil {
		_ = resp.Body.Close()
	}
	return err == nil
}
