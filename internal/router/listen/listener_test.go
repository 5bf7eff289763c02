package listen_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

const oneDeployment = `model_list: [{model_name: m, litellm_params: {model: openai/m, api_base: "%s/v1", api_key: k}}]
general_settings: {master_key: sk-test}
`

const goodReply = `{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}]}`

// startBounded serves a router that takes so many connections, before an upstream
// that answers when release is closed.
func startBounded(t *testing.T, connections int) (addr string, began chan struct{}, release func()) {
	t.Helper()
	began = make(chan struct{}, 100)
	hold := make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "wait") {
			began <- struct{}{}
			<-hold
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, goodReply)
	}))
	t.Cleanup(up.Close)
	release = sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, oneDeployment, up.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := settings.Load(path, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := router.New(loaded, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready := make(chan string, 1)
	var owner sync.WaitGroup
	owner.Go(func() {
		_ = listen.Serve(ctx, "127.0.0.1:0", handler,
			listen.Options{MaxConnections: connections, DrainTimeout: time.Second,
				Ready: func(a net.Addr) { ready <- a.String() }})
	})
	t.Cleanup(func() { release(); stop(); owner.Wait(); _ = handler.Close() })
	return <-ready, began, release
}

// ask sends a request with the key on a connection and returns what reads its answer.
func ask(t *testing.T, conn net.Conn, prompt string) func() int {
	t.Helper()
	body := `{"model":"m","messages":[{"role":"user","content":"` + prompt + `"}]}`
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+
		"sk-test\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return func() int {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0
		}
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
}

func openConnection(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestConnectionsWithoutAKeyMakeRoomForOneWithIt(t *testing.T) {
	t.Parallel()
	addr, _, _ := startBounded(t, 4)
	good := openConnection(t, addr)
	if got := ask(t, good, "x")(); got != http.StatusOK {
		t.Fatalf("%d", got)
	}
	for i := range 20 {
		conn := openConnection(t, addr)
		switch i % 3 {
		case 0:
			fmt.Fprint(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n{")
		case 1:
			fmt.Fprint(conn, "POST /v1/chat/completions HTTP/1.1\r\n")
		}
	}
	if got := ask(t, openConnection(t, addr), "x")(); got != http.StatusOK {
		t.Errorf("a new connection with the key: %d", got)
	}
	if got := ask(t, good, "x")(); got != http.StatusOK {
		t.Errorf("the idle connection that had the key: %d", got)
	}
}

func TestConnectionsAtWorkAreNotClosedForNewOnes(t *testing.T) {
	t.Parallel()
	addr, began, release := startBounded(t, 3)
	var answers []func() int
	for range 3 {
		answers = append(answers, ask(t, openConnection(t, addr), "wait"))
		<-began
	}
	res, err := http.ReadResponse(bufio.NewReader(openConnection(t, addr)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusServiceUnavailable ||
		res.Header.Get("Retry-After") != "1" || !strings.Contains(string(body), "Too many connections") {
		t.Errorf("one too many: %d %v %s", res.StatusCode, res.Header, body)
	}
	release()
	for _, answer := range answers {
		if got := answer(); got != http.StatusOK {
			t.Errorf("one at work: %d", got)
		}
	}
	if got := ask(t, openConnection(t, addr), "x")(); got != http.StatusOK {
		t.Errorf("afterwards: %d", got)
	}
}

func TestClosedConnectionsDoNotCount(t *testing.T) {
	t.Parallel()
	addr, began, release := startBounded(t, 2)
	defer release()
	ask(t, openConnection(t, addr), "wait")
	<-began
	for range 10 {
		conn := openConnection(t, addr)
		if got := ask(t, conn, "x")(); got != http.StatusOK {
			t.Fatalf("%d", got)
		}
		_ = conn.Close()
	}
}
