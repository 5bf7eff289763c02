package shared_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/shared"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
)

// doubleOfRedis answers every command as its test says. It understands no command: the real Redis is
// tested in test/cluster.
type doubleOfRedis struct {
	net.Listener
	mu   sync.Mutex
	play func(c net.Conn, command []string)
}

// newDouble starts a double.
func newDouble(t *testing.T, play func(c net.Conn, command []string)) *doubleOfRedis {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &doubleOfRedis{Listener: l, play: play}
	var serving sync.WaitGroup
	serving.Go(func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			serving.Go(func() { d.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	return d
}

// set changes how the double answers.
func (d *doubleOfRedis) set(play func(c net.Conn, command []string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.play = play
}

// serve reads commands until the client leaves.
func (d *doubleOfRedis) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	for in := bufio.NewReader(c); ; {
		command, err := readCommand(in)
		if err != nil {
			return
		}
		d.mu.Lock()
		play := d.play
		d.mu.Unlock()
		play(c, command)
	}
}

// readCommand reads a command.
func readCommand(in *bufio.Reader) ([]string, error) {
	words, err := readLength(in, "*")
	if err != nil {
		return nil, err
	}
	command := make([]string, words)
	for i := range command {
		length, err := readLength(in, "$")
		if err != nil {
			return nil, err
		}
		text := make([]byte, length+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		command[i] = string(text[:length])
	}
	return command, nil
}

// readLength reads a line with a number of words (*) or of bytes ($).
func readLength(in *bufio.Reader, kind string) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	number, isKind := strings.CutPrefix(line, kind)
	if !isKind {
		return 0, fmt.Errorf("%q does not begin with %s", line, kind)
	}
	return strconv.Atoi(strings.TrimSuffix(number, "\r\n"))
}

// answerWell answers the commands of a router that has nothing to share, as a Redis older than 6 does.
func answerWell(c io.Writer, command []string) {
	switch strings.ToLower(command[0]) {
	case "subscribe":
		fmt.Fprintf(c, "*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n", len(command[1]), command[1])
	case "set", "auth":
		fmt.Fprint(c, "+OK\r\n")
	case "hello":
		fmt.Fprint(c, "-ERR unknown command `HELLO`\r\n")
	case "time":
		seconds := strconv.FormatInt(time.Now().Unix(), 10)
		fmt.Fprintf(c, "*2\r\n$%d\r\n%s\r\n$1\r\n0\r\n", len(seconds), seconds)
	case "get":
		fmt.Fprint(c, "$-1\r\n")
	case "hmget":
		fmt.Fprint(c, "*3\r\n$-1\r\n$-1\r\n$-1\r\n")
	case "pttl":
		fmt.Fprint(c, ":-2\r\n")
	case "ping":
		fmt.Fprint(c, "*2\r\n$4\r\npong\r\n$0\r\n\r\n")
	default:
		fmt.Fprint(c, ":1\r\n")
	}
}

// wellOverNetwork is answerWell for a connection.
func wellOverNetwork(c net.Conn, command []string) { answerWell(c, command) }

// open opens a link to an address.
func open(t *testing.T, address string) (shared.Link, *routertest.Buffer) {
	t.Helper()
	log := &routertest.Buffer{}
	l := shared.Open(shared.Options{Redis: settings.Redis{Network: "tcp", Address: address, Password: "secret-of-redis"},
		Secret: "sk-gateway", Cooldown: &cooldown.Policy{Now: time.Now, Logger: slog.New(slog.DiscardHandler)},
		Logger: slog.New(slog.NewJSONHandler(log, nil))})
	t.Cleanup(l.Close)
	return l, log
}

// waitFor waits for a problem.
func waitFor(t *testing.T, l shared.Link, want health.Problem) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for l.Status().Problem != want {
		if time.Now().After(deadline) {
			t.Fatalf("%+v, want %q", l.Status(), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestEachFaultOfRedisIsToldOnceAndItsEndToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play func(c net.Conn, command []string)
		want health.Problem
	}{
		"no answer": {func(net.Conn, []string) {}, health.Slow},
		"wrong":     {func(c net.Conn, _ []string) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, health.Strange},
		"closes":    {func(c net.Conn, _ []string) { _ = c.Close() }, health.Unreachable},
		"half":      {func(c net.Conn, _ []string) { fmt.Fprint(c, "$100\r\nabc"); _ = c.Close() }, health.Unreachable},
		"full": {func(c net.Conn, command []string) {
			if strings.EqualFold(command[0], "set") {
				fmt.Fprint(c, "-OOM command not allowed when used memory > 'maxmemory'.\r\n")
				return
			}
			answerWell(c, command)
		}, health.Full},
		"other password": {func(c net.Conn, _ []string) {
			fmt.Fprint(c, "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
		}, health.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDouble(t, wellOverNetwork)
			l, log := open(t, d.Addr().String())
			waitFor(t, l, "")
			d.set(c.play)
			waitFor(t, l, c.want)
			d.set(wellOverNetwork)
			waitFor(t, l, "")
			if s := l.Status(); !s.Connected || s.Problems < 1 || s.Message != "" {
				t.Errorf("%+v", s)
			}
			text := log.String()
			if warned := strings.Count(text, `"problem":"`+string(c.want)+`"`); warned < 1 || warned > 3 {
				t.Errorf("it was told %d times:\n%s", warned, text)
			}
			if !strings.Contains(text, "remedy") || strings.Contains(text, "secret-of-redis") {
				t.Error(text)
			}
		})
	}
}

func TestARedisThatIsNotThereKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	l, log := open(t, routertest.ClosedAddr(t))
	waitFor(t, l, health.Unreachable)
	time.Sleep(2500 * time.Millisecond) // in which a router that tells each attempt would tell several
	if n := strings.Count(log.String(), "not shared"); n != 1 || l.Status().Connected || l.Status().Problems != 1 {
		t.Errorf("told %d times, %+v", n, l.Status())
	}
}
