package client_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	venv "github.com/flowgate-go/flowgate/test/litellm"
)

// Times of the real LiteLLM: 11 s to ready on two idle cores, 81 s were seen.
const (
	startPatience = 3 * time.Minute
	stopPatience  = 20 * time.Second
)

func TestOfficialClientsTalkToTheRealLiteLLM(t *testing.T) {
	t.Parallel()
	if os.Getenv("FLOWGATE_REQUIRE_LITELLM") != "1" {
		t.Skip("the real LiteLLM is not run: set FLOWGATE_REQUIRE_LITELLM=1 (needs uv or python3, and 740 MB from the " +
			"package index once)")
	}
	if missing := venv.Missing(t.Context()); missing != "" {
		t.Fatalf("%s is not on PATH and FLOWGATE_REQUIRE_LITELLM is 1", missing)
	}
	converse(t, newLiteLLM(t))
}

// newLiteLLM starts the real LiteLLM in front of an echo upstream.
func newLiteLLM(t *testing.T) target {
	t.Helper()
	bin, err := venv.Venv(t.Context(), venv.Options{Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	u := newUpstream(t)
	port, dir := tcptest.FreePort(t), t.TempDir()
	log, err := os.Create(filepath.Join(dir, "litellm.log"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(context.Background()) // outlives t.Context, which ends before the clean-up
	cmd := subprocess.Command(ctx, bin, "--config", u.settings(t), "--host", "127.0.0.1", "--port", strconv.Itoa(port))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log // an own folder: LiteLLM loads a .env that lies in it
	cmd.Env = []string{
		"HOME=" + dir, "PATH=" + filepath.Dir(bin) + ":" + os.Getenv("PATH"), "LITELLM_LOCAL_MODEL_COST_MAP=True",
		"CLIENT_TEST_ROUTER_KEY=" + routerKey, "CLIENT_TEST_UPSTREAM_KEY=" + upstreamKey,
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		stop(cmd.Process, exited, kill)
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	tg := target{kind: litellm, url: "http://127.0.0.1:" + strconv.Itoa(port), key: routerKey, upstream: u}
	if err := tg.awaitReady(t.Context(), exited); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%v; the log ends with\n%s", err, subprocess.Tail(text, 4<<10))
	}
	t.Logf("LiteLLM %s ready after %v", venv.Version, time.Since(start).Round(time.Millisecond))
	return tg
}

// stop ends LiteLLM as a supervisor would and waits for it.
func stop(p *os.Process, exited chan error, kill context.CancelFunc) {
	defer kill()
	_ = p.Signal(syscall.SIGTERM) // already gone is fine
	select {
	case <-exited:
	case <-time.After(stopPatience):
		kill()
		<-exited
	}
}

// awaitReady polls the readiness route until it answers 200.
func (tg target) awaitReady(ctx context.Context, exited chan error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, errors.New("LiteLLM was not ready in time"))
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-exited:
			exited <- err
			return errors.Join(errors.New("LiteLLM ended before it was ready"), err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, tg.url+"/health/readiness", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // refused until the last moment
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
}
