package shared

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// repeater is a double of Redis that answers the command "echo TEXT" with the text, "late TEXT" once the answer is of no
// use any more, and "die TEXT" with the error TEXT before it hangs up.
type repeater struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn // all that were made
}

func newRepeater(t *testing.T) *repeater {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &repeater{Listener: l}
	var serving sync.WaitGroup
	serving.Go(func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			r.mu.Lock()
			r.conns = append(r.conns, c)
			r.mu.Unlock()
			serving.Go(func() { serveRepeater(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.hangUp()
		serving.Wait()
	})
	return r
}

func serveRepeater(c net.Conn) {
	in := bufio.NewScanner(c)
	for word := ""; in.Scan(); {
		line := in.Text()
		switch {
		case strings.HasPrefix(line, "*") || strings.HasPrefix(line, "$"): // a length
		case line == "echo" || line == "late" || line == "die":
			word = line
		case word == "die":
			fmt.Fprintf(c, "-%s\r\n", line)
			_ = c.Close()
			return
		default:
			if word == "late" {
				time.Sleep(callTimeout + 100*time.Millisecond) // plays a slow Redis
			}
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(line), line)
		}
	}
}

// hangUp closes all connections, as a Redis does that starts anew, or that nobody asked for a long time.
func (r *repeater) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		_ = c.Close()
	}
}

// say sends a text over all connections.
func (r *repeater) say(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		fmt.Fprint(c, text)
	}
}

func (r *repeater) countConns() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// newConnection returns a connection that its test closes.
func (r *repeater) newConnection(t *testing.T) *connection {
	t.Helper()
	c := &connection{dial: func(ctx context.Context) (*connected, error) {
		return connect(ctx, &settings.Redis{Network: "tcp", Address: r.Addr().String()}, nil)
	}}
	t.Cleanup(c.close)
	return c
}

func TestAConnectionThatRedisClosedIsMadeAnewBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	r := newRepeater(t)
	c := r.newConnection(t)
	for round := 1; round <= 3; round++ {
		for _, text := range []string{"one", "two"} {
			var p pipeline
			answer := p.add("echo", text)
			if err := c.call(t.Context(), &p); err != nil || answer.text() != text {
				t.Fatalf("round %d: %q, %v", round, answer.text(), err)
			}
		}
		time.Sleep(callTimeout + 50*time.Millisecond) // in which the time for the last answer ends
		if c.conn.hasEnded() {
			t.Error("a connection that was idle has ended")
		}
		if n := r.countConns(); n != round {
			t.Errorf("round %d: %d connections were made", round, n)
		}
		if round == 1 {
			r.say("-ERR idle\r\n") // which is no answer to the next command
		} else {
			r.hangUp()
		}
		for deadline := time.Now().Add(30 * time.Second); !c.conn.hasEnded(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the end of a connection is not noticed")
			}
		}
	}
}

func TestAnAnswerThatComesTooLateIsNotTakenForThatOfTheNextCommand(t *testing.T) {
	t.Parallel()
	c := newRepeater(t).newConnection(t)
	var slow, fast pipeline
	late, never := slow.add("late", "old"), slow.add("echo", "old")
	err := c.call(t.Context(), &slow)
	if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() || late.text() != "" || never.text() != "" {
		t.Errorf("%q, %q, %v", late.text(), never.text(), err)
	}
	answer := fast.add("echo", "new")
	if err := c.call(t.Context(), &fast); err != nil || answer.text() != "new" {
		t.Errorf("%q, %v", answer.text(), err)
	}
}

func TestACommandThatWasNeverSentIsUndone(t *testing.T) {
	t.Parallel()
	r := newRepeater(t)
	c := r.newConnection(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var p pipeline
	answer := p.add("echo", "text")
	if err := c.call(t.Context(), &p); !isUndone(err) || !isUndone(answer.err) {
		t.Errorf("%v, %v", err, answer.err)
	}
}

func TestWhyRedisHangsUpIsTold(t *testing.T) {
	t.Parallel()
	c := newRepeater(t).newConnection(t)
	var p pipeline
	first, second := p.add("die", "DENIED protected mode"), p.add("echo", "text")
	if err := c.call(t.Context(), &p); err == nil || err.Error() != "DENIED protected mode" || first.err == nil ||
		second.err == nil || isUndone(second.err) {
		t.Errorf("%v, %v, %v", err, first.err, second.err)
	}
}

func TestAConnectionIsNotAwaitedWhenNobodyNeedsItAnyMore(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never shakes hands
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		time.AfterFunc(callTimeout/10, cancel) // during the handshake
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	_, err = connect(ctx, &settings.Redis{Network: "tcp", Address: l.Addr().String(), TLS: true}, dial)
	if !errors.Is(err, context.Canceled) || !isUndone(err) {
		t.Error(err)
	}
	_, err = connect(t.Context(), &settings.Redis{Network: "tcp", Address: l.Addr().String(), TLS: true}, nil)
	if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Error(err)
	}
}
