package router_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

const mib = 1 << 20

// large is a request of so many bytes.
func large(bytes int) string {
	return `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("x", bytes) + `"}]}`
}

func TestBytesOverAllRequestsAreBounded(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}, 8), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); len(body) > mib {
			began <- struct{}{}
			<-release
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, routertest.GoodReply)
	}))
	defer up.Close()
	s := routertest.StartAt(t, strings.TrimPrefix(up.URL, "http://"), routertest.OwnKey, router.Options{MaxBody: 4 * mib, MaxHeld: 7 * mib})
	var owner sync.WaitGroup
	for range 2 {
		owner.Go(func() {
			if got := s.Send(http.MethodPost, "/v1/chat/completions", large(3*mib), nil); got.Status != http.StatusOK {
				t.Errorf("one that fits: %d %s", got.Status, got.Body)
			}
		})
	}
	<-began
	<-began
	got := s.Send(http.MethodPost, "/v1/chat/completions", large(3*mib), nil)
	if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") != "1" ||
		!strings.Contains(got.Body, "try again") {
		t.Errorf("one too many: %d %v %s", got.Status, got.Header, got.Body)
	}
	if got := s.Send(http.MethodPost, "/v1/chat/completions", large(10), nil); got.Status != http.StatusOK {
		t.Errorf("a small one beside them: %d %s", got.Status, got.Body)
	}
	close(release)
	owner.Wait()
	for range 3 { // all that was counted was given back
		if got := s.Send(http.MethodPost, "/v1/chat/completions", large(3*mib), nil); got.Status != http.StatusOK {
			t.Errorf("afterwards: %d %s", got.Status, got.Body)
		}
	}
}

func TestABodyThatIsOnlyAnnouncedTakesNoMemory(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.OwnKey, router.Options{MaxBody: 4 * mib, MaxHeld: 10 * mib})
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+
			"sk-test\r\nContent-Length: %d\r\n\r\n{", 4*mib)
	}
	if got := s.Send(http.MethodPost, "/v1/chat/completions", large(3*mib), nil); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestRepliesCountToo(t *testing.T) {
	t.Parallel()
	var once sync.Once
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"object":"chat.completion","model":"m","x":"`+strings.Repeat("y", 3*mib))
		w.(http.Flusher).Flush()
		once.Do(func() { <-hold })
		fmt.Fprint(w, `"}`)
	}))
	defer up.Close()
	defer release()
	s := routertest.StartAt(t, strings.TrimPrefix(up.URL, "http://"), routertest.OwnKey, router.Options{MaxBody: 4 * mib, MaxHeld: 5 * mib})
	var owner sync.WaitGroup
	owner.Go(func() {
		if got := s.Send(http.MethodPost, "/v1/chat/completions", large(10), nil); got.Status != http.StatusOK {
			t.Errorf("the first: %d %.300s", got.Status, got.Body)
		}
	})
	routertest.Eventually(t, "the first is held", func() bool { return s.Router.Held() > 3*mib })
	routertest.Eventually(t, "the second does not fit", func() bool {
		got := s.Send(http.MethodPost, "/v1/chat/completions", large(10), nil)
		return got.Status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") == "1"
	})
	release()
	owner.Wait()
	if got := s.Send(http.MethodPost, "/v1/chat/completions", large(10), nil); got.Status != http.StatusOK {
		t.Errorf("afterwards: %d %.300s", got.Status, got.Body)
	}
}

func TestABodyOfUnknownLengthIsReadWhole(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.OwnKey, router.Options{MaxBody: 4 * mib})
	for _, size := range []int{10, 4096, 5000, mib, 3 * mib, 5 * mib} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL+"/v1/chat/completions",
			bufio.NewReader(strings.NewReader(large(size))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer sk-test")
		res, err := routertest.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusOK
		if size > 4*mib {
			want = http.StatusRequestEntityTooLarge
		}
		if _ = res.Body.Close(); res.StatusCode != want {
			t.Errorf("%d bytes: %d", size, res.StatusCode)
		}
	}
}
