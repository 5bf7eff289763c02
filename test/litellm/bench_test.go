package litellm_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// benchSettings serve both routers alike; the upstream is the echo.
const benchSettings = `model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: "http://%s/v1", api_key: k}}]
general_settings: {master_key: sk-bench-0123456789}
litellm_settings: {num_retries: 0}
`

// BenchmarkRouters measures the embedded router and the real LiteLLM in one
// run, both behind the same client and before the same upstream, eight
// connections each. FLOWGATE_REQUIRE_LITELLM=1 installs LiteLLM.
func BenchmarkRouters(b *testing.B) {
	if os.Getenv("FLOWGATE_REQUIRE_LITELLM") != "1" {
		b.Skip("the real LiteLLM is not installed: set FLOWGATE_REQUIRE_LITELLM=1")
	}
	up := start(b, "127.0.0.1:0", echo.New(echo.Options{}))
	file := filepath.Join(b.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, benchSettings, up), 0o600); err != nil {
		b.Fatal(err)
	}
	s, err := settings.Load(file, os.Getenv)
	if err != nil {
		b.Fatal(err)
	}
	router, err := router.New(s, router.Options{})
	if err != nil {
		b.Fatal(err)
	}
	embedded := start(b, "127.0.0.1:0", router)
	real := startLiteLLM(b, file)
	b.Run("embedded", func(b *testing.B) { ask(b, embedded) })
	b.Run("litellm", func(b *testing.B) { ask(b, real) })
}

// start runs a handler until the test ends and returns its address.
func start(b testing.TB, addr string, h http.Handler) string {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	var owner sync.WaitGroup
	owner.Go(func() {
		if err := listen.Serve(ctx, addr, h, listen.Options{Ready: func(a net.Addr) { ready <- a.String() }}); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() { stop(); owner.Wait() })
	return <-ready
}

func startLiteLLM(b testing.TB, file string) string {
	b.Helper()
	bin, err := litellm.Venv(b.Context(), litellm.Options{Progress: os.Stderr})
	if err != nil {
		b.Fatal(err)
	}
	return runLiteLLM(b, []string{bin}, file)
}

// runLiteLLM runs a command of the real LiteLLM with a configuration until the test ends and returns its address.
func runLiteLLM(b testing.TB, command []string, file string) string {
	b.Helper()
	number := strconv.Itoa(tcptest.FreePort(b))
	addr := "127.0.0.1:" + number
	args := append(slices.Clone(command[1:]), "--config", file, "--host", "127.0.0.1", "--port", number)
	cmd := exec.Command(command[0], args...)
	cmd.Dir, cmd.Env = b.TempDir(), append(os.Environ(), "LITELLM_LOCAL_MODEL_COST_MAP=True")
	started := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	for {
		res, err := http.Get("http://" + addr + "/health/readiness")
		if err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK {
			b.Logf("LiteLLM was ready after %v", time.Since(started).Round(100*time.Millisecond))
			return addr
		}
		if time.Since(started) > 2*time.Minute {
			b.Fatal("LiteLLM did not get ready")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func ask(b *testing.B, addr string) {
	const body = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, MaxConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	b.SetParallelism(4) // times two cores
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequest(http.MethodPost, "http://"+addr+"/v1/chat/completions", strings.NewReader(body))
			req.Header.Set("Authorization", "Bearer sk-bench-0123456789")
			req.Header.Set("Content-Type", "application/json")
			res, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, res.Body)
			if res.Body.Close() != nil || err != nil || res.StatusCode != http.StatusOK {
				b.Errorf("status %d, %v", res.StatusCode, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
