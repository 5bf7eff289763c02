package probe_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
)

// speak listens and lets answer deal with each connection, whose request has
// been read.
func speak(t *testing.T, answer func(net.Conn)) config.Service {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); _, _ = conn.Read(make([]byte, 4096)); answer(conn) }()
		}
	}()
	return config.Service{Name: "svc", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
}

func ask(t *testing.T, p config.Probe, target probe.Target) probe.Finding {
	t.Helper()
	if p.Timeout == 0 {
		p.Timeout = config.Span(5 * time.Second)
	}
	prober, err := probe.New(p, target)
	if err != nil {
		t.Fatal(err)
	}
	return prober.Ask(t.Context())
}

func TestWhatAServiceAnswersIsEvidenceOfItsKind(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]probe.Evidence{
		200: probe.Passed, 204: probe.Passed, 301: probe.Inconclusive, 400: probe.Inconclusive,
		401: probe.Refused, 403: probe.Refused, 404: probe.Absent, 405: probe.Absent, 410: probe.Absent, 501: probe.Absent,
		429: probe.Limited, 500: probe.Unready, 503: probe.Unready, 502: probe.Upstream, 504: probe.Upstream,
	} {
		svc := speak(t, func(c net.Conn) {
			fmt.Fprintf(c, "HTTP/1.1 %d X\r\nLocation: /other\r\n\r\nbody without end",
				status)
		})
		got := ask(t, config.Probe{HTTP: "/ready"}, probe.Target{Service: svc})
		if got.Evidence != want || got.OK() != (want == probe.Passed) || !got.HasAnswer() {
			t.Errorf("%d: %+v", status, got)
		}
		if own := got.Evidence.IsAboutService(); own != (status == 500 || status == 503) {
			t.Errorf("%d may restart a service: %v", status, own)
		}
	}
}

func TestNoAnswerIsToldApartFromABadAnswer(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answer func(net.Conn)
		says   string
	}{
		"nothing":           {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, "no answer within 100ms"},
		"one byte a second": {func(c net.Conn) { writeSlowly(c, "HTTP/1.1 200 OK\r\n\r\n") }, "no answer within 100ms"},
		"hangs up":          {func(net.Conn) {}, "closed without an answer"},
		"half a head": {func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nA: ")) },
			"closed without an answer"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := config.Probe{HTTP: "/", Timeout: config.Span(5 * time.Second)}
			if strings.Contains(c.says, "100ms") {
				p.Timeout = config.Span(100 * time.Millisecond)
			}
			got := ask(t, p, probe.Target{Service: speak(t, c.answer)})
			if got.Evidence != probe.NoAnswer || got.HasAnswer() || !strings.Contains(got.Err.Error(), c.says) {
				t.Errorf("%+v", got)
			}
		})
	}
	for _, garbage := range []string{"SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 1<<18)} {
		svc := speak(t, func(c net.Conn) { _, _ = c.Write([]byte(garbage)) })
		if got := ask(t, config.Probe{HTTP: "/"}, probe.Target{Service: svc}); got.Evidence == probe.Passed ||
			got.Evidence == probe.Unready {
			t.Errorf("%.20q: %+v", garbage, got)
		}
	}
	nobody := config.Service{Host: "127.0.0.1", Port: 1}
	for _, p := range []config.Probe{{HTTP: "/"}, {TCP: true}} {
		if got := ask(t, p, probe.Target{Service: nobody}); got.Evidence != probe.NoAnswer ||
			!strings.Contains(got.Err.Error(), "refused") {
			t.Errorf("nobody listens: %+v", got)
		}
	}
}

func writeSlowly(c net.Conn, text string) {
	for i := range text {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func TestAConnectionIsEnoughForTCP(t *testing.T) {
	t.Parallel()
	if got := ask(t, config.Probe{TCP: true}, probe.Target{Service: speak(t, func(net.Conn) {})}); !got.OK() {
		t.Errorf("%+v", got)
	}
}

func TestACommandIsJudgedByItsStatus(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := probe.Target{Dir: dir, Env: []string{"WORD=yes", "PATH=" + os.Getenv("PATH")}}
	for script, want := range map[string]probe.Evidence{
		`test "$WORD" = yes && test "$PWD" = "` + dir + `"`: probe.Passed,
		"exit 3": probe.Unready,
	} {
		if got := ask(t, config.Probe{Command: []string{"sh", "-c", script}}, target); got.Evidence != want {
			t.Errorf("%s: %+v", script, got)
		}
	}
	begin := time.Now()
	hang := config.Probe{Command: []string{"sh", "-c", "sleep 60 & sleep 60"}, Timeout: config.Span(50 * time.Millisecond)}
	if got := ask(t, hang, target); got.Evidence != probe.NoAnswer || time.Since(begin) > 20*time.Second {
		t.Errorf("a command that hangs: %+v after %v", got, time.Since(begin))
	}
	if got := ask(t, config.Probe{Command: []string{filepath.Join(t.TempDir(), "no-such-program")}}, target); got.Evidence.IsAboutService() ||
		got.OK() {
		t.Errorf("a command that cannot be run: %+v", got)
	}
}

func TestALogLineCountsOnlyFromItsOwnProcessAndForEver(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "a.log")
	write := func(text string) {
		t.Helper()
		file, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	const before = "server is up\n"
	write(before)
	prober, err := probe.New(config.Probe{Log: "server is (up|there)", Timeout: config.Span(time.Second)},
		probe.Target{Log: log, LogFrom: int64(len(before))})
	if err != nil {
		t.Fatal(err)
	}
	if got := prober.Ask(t.Context()); got.Evidence != probe.Unready {
		t.Errorf("a line of the process before counts: %+v", got)
	}
	write("server is th")
	if got := prober.Ask(t.Context()); got.OK() {
		t.Errorf("half a line counts: %+v", got)
	}
	write("ere\n")
	for range 2 {
		if got := prober.Ask(t.Context()); !got.OK() {
			t.Errorf("%+v", got)
		}
	}
	if _, err := probe.New(config.Probe{Log: "("}, probe.Target{}); err == nil {
		t.Error("a broken pattern was taken")
	}
}

func BenchmarkHTTP(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		buf := make([]byte, 4096)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(buf)
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			_ = c.Close()
		}
	}()
	svc := config.Service{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
	prober, err := probe.New(config.Probe{HTTP: "/", Timeout: config.Span(time.Second)}, probe.Target{Service: svc})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got := prober.Ask(context.Background()); !got.OK() {
			b.Fatal(got)
		}
	}
}
