package router_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestAClientThatDoesNotReadAWholeReplyIsGivenUp(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["chat/completions"]
	// More than the sockets' buffers between router and client hold unread.
	big := strings.Replace(d.Whole, "hello", strings.Repeat("x", 24<<20), 1)
	s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, routertest.Answer("application/json", big))
	s.Router.SetWriteTimeout(time.Second)
	// read takes the whole reply, a megabyte at a time, after a first pause.
	read := func(first, between time.Duration) (n int, took time.Duration) {
		res := s.Open(t.Context(), d.Path, `{"model":"alone","messages":[]}`)
		defer res.Body.Close()
		begun, buf := time.Now(), make([]byte, 1<<20)
		for time.Sleep(first); ; time.Sleep(between) {
			k, err := io.ReadFull(res.Body, buf)
			if n += k; err != nil {
				return n, time.Since(begun)
			}
		}
	}
	if n, _ := read(4*time.Second, 0); n >= len(big) {
		t.Error("a client that read nothing for 4 s was not given up")
	}
	if n, took := read(0, 70*time.Millisecond); n < len(big) || took < 1200*time.Millisecond {
		t.Errorf("a slow client got %d of %d bytes in %v", n, len(big), took)
	}
}
