package rightstest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Listener is a server of another user on this machine. It answers every request with
// 200 and records what it received.
type Listener struct {
	Addr string // host:port

	process *os.Process
	mu      sync.Mutex
	heard   bytes.Buffer
}

// Pause keeps the server from accepting connections; they wait in the kernel's queue.
// It skips the test unless it runs as root.
func (l *Listener) Pause(t *testing.T) {
	t.Helper()
	if err := l.process.Signal(syscall.SIGSTOP); err != nil || os.Geteuid() != 0 {
		t.Skip("another user's process is paused by root only")
	}
}

// Write records what the server received.
func (l *Listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard.Write(p)
}

// Heard returns everything that clients sent so far.
func (l *Listener) Heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard.String()
}

// Await waits until the server has reported that it received text. The report comes
// through a pipe, perhaps after the answer.
func (l *Listener) Await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if strings.Contains(l.Heard(), text) {
			return
		}
	}
	t.Errorf("the other user did not hear %q but %q", text, l.Heard())
}

// serverScript is a server in Perl: it prints what it receives and answers each connection
// once.
const serverScript = `use IO::Socket::INET; $| = 1;
my $l = IO::Socket::INET->new(Listen => 64, LocalAddr => $ARGV[0], LocalPort => $ARGV[1], ReuseAddr => 1) or die "$!";
print "listening ", $l->sockport, "\n";
while (my $c = $l->accept) {
  next if fork;
  my $b; while (sysread($c, $b, 65536)) { print $b; last if $b =~ /\r\n\r\n/; }
  print $c "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
  exit;
}`

// OtherListens has another user listen on host:port, 0 for any free port, until the end
// of the test. It skips where Other does, and without Perl.
func OtherListens(t *testing.T, host string, port int) *Listener {
	t.Helper()
	cmd := Other(t, "perl", "-e", serverScript, host, strconv.Itoa(port))
	l := &Listener{}
	cmd.Stdout, cmd.Stderr = l, l
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.process = cmd.Process
	t.Cleanup(func() { stop(cmd) })
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if rest, ok := strings.CutPrefix(l.Heard(), "listening "); ok && strings.Contains(rest, "\n") {
			bound, _, _ := strings.Cut(rest, "\n")
			l.Addr = net.JoinHostPort(host, bound)
			return l
		}
	}
	t.Fatalf("the other user's server does not listen: %s", l.Heard())
	return nil
}

// stop kills a command and waits for it.
func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
