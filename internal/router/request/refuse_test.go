package request_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// stall sends a request's head and a part of its body, and returns the answer and how
// long it took until the server ended the connection; an answer after 20 s is none.
func stall(t *testing.T, url, head, body string) (*http.Response, string, time.Duration) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := io.WriteString(conn, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("%s: %v", head, err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("%s: %v", head, err)
	}
	_ = res.Body.Close()
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Errorf("%s: the connection did not end: %v", head, err)
	}
	return res, string(answer), time.Since(begun)
}

func TestARefusalIsAnsweredAtOnceThoughTheBodyIsStillToCome(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	const key = "Authorization: Bearer sk-test\n"
	for head, want := range map[string]int{
		"POST /v1/chat/completions HTTP/1.1\nHost: localhost\nContent-Length: 1000":                   401,
		"POST /v1/messages HTTP/1.1\nHost: localhost\nx-api-key: wrong\nContent-Length: 1000000":      401,
		"POST /v1/responses HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked":                    401,
		"POST /v1/models HTTP/1.1\nHost: localhost\n" + key + "Content-Length: 1000":                  405,
		"PUT /v1/messages HTTP/1.1\nHost: localhost\n" + key + "Content-Length: 1000":                 405,
		"POST /v1/nope HTTP/1.1\nHost: localhost\n" + key + "Content-Length: 1000":                    404,
		"POST /v1/chat/completions HTTP/1.1\nHost: evil.example\n" + key + "Content-Length: 1000":     403,
		"GET /v1/models HTTP/1.1\nHost: localhost\nContent-Length: 1000":                              401,
		"POST /v1/messages HTTP/1.1\nHost: localhost\nContent-Length: 1000\nExpect: 100-continue":     401,
		"GET /v1/responses HTTP/1.1\nHost: localhost\nUpgrade: websocket\nConnection: Upgrade, close": 426,
		"POST /v1/responses HTTP/1.1\nHost: localhost\nUpgrade: websocket\nContent-Length: 1000":      426,
	} {
		t.Run(head, func(t *testing.T) {
			t.Parallel()
			if res, body, _ := stall(t, s.URL, head, ""); res.StatusCode != want {
				t.Errorf("%d %s, want %d", res.StatusCode, body, want)
			}
		})
	}
}

func TestAConnectionIsKeptAfterARefusalWithoutABody(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for n := range 3 {
		if _, err := io.WriteString(conn, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 401 {
			t.Errorf("request %d: %d, %v", n, res.StatusCode, err)
		}
	}
}

func TestABodyThatDoesNotArriveInTimeIs408(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{BodyTimeout: 200 * time.Millisecond})
	for path, want := range map[string]string{"/v1/chat/completions": `{"error":{"message":"Request timed out: the body did not arrive within 200ms"`, "/v1/messages": `{"type":"error","error":{"type":"api_error","message":"Request timed out`} {
		for _, framing := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
			head := "POST " + path + " HTTP/1.1\nHost: localhost\nAuthorization: Bearer sk-test\n" + framing
			res, body, took := stall(t, s.URL, head, "")
			if res.StatusCode != http.StatusRequestTimeout || !strings.HasPrefix(body, want) || took < 200*time.Millisecond {
				t.Errorf("%s: %d %s after %v", head, res.StatusCode, body, took)
			}
		}
	}
	if n := len(s.Upstream.Calls()); n != 0 {
		t.Errorf("%d requests went upstream", n)
	}
}
