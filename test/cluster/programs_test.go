// Package cluster_test has three compiled routers behind the real haproxy with the real Redis. Its tests
// run in the target test:cluster.
package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
	"github.com/flowgate-go/flowgate/test/cache"
)

// requirement is the variable that has these tests run.
const requirement = "FLOWGATE_REQUIRE_CLUSTER"

// requirePrograms skips a test that is not to run here.
func requirePrograms(t *testing.T) {
	t.Helper()
	if os.Getenv(requirement) == "" {
		t.Skip("this test needs haproxy and redis-server: go tool mage test:cluster")
	}
}

// findPrograms returns the paths of the real haproxy and redis-server: Debian's, which the repository's
// script unpacks.
var findPrograms = sync.OnceValues(func() (paths []string, err error) {
	script, err := filepath.Abs("../../scripts/debian.sh")
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(script)
	if err != nil {
		return nil, err
	}
	root, err := cache.Root("cluster")
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, dir string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "bash", script, dir, "haproxy", "redis-server")
		cmd.Stderr = os.Stderr
		return cmd.Output()
	}
	dir, err := cache.Folder(context.Background(), root, cache.Key(text), func(ctx context.Context, dir string) error {
		_, err := run(ctx, dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"haproxy", "redis-server"} {
		path, err := exec.LookPath(name)
		if err != nil {
			path = filepath.Join(dir, "bin", name)
		}
		paths = append(paths, path)
	}
	return paths, nil
})

// programFolder is the folder of the program that build builds.
var programFolder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		panic(err)
	}
	programFolder = dir
	code := trusttest.Run(m)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build builds FlowGate once for all tests and returns the path of the program.
var build = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programFolder, "flowgate")
	if out, err := exec.Command("go", "build", "-C=../..", "-o="+program, "./cmd/flowgate").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
})

// process is a program that runs until the test ends.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when its output ended

	mu    sync.Mutex
	lines []string
}

// start starts a program and waits for a line of its output.
func start(t *testing.T, line, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), ended: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	ready := make(chan struct{})
	go p.read(reader, line, ready)
	t.Cleanup(p.end)
	select {
	case <-ready:
	case <-p.ended:
		t.Fatalf("%s ended:\n%s", program, p.output())
	case <-time.After(time.Minute):
		t.Fatalf("%s is not ready after a minute:\n%s", program, p.output())
	}
	return p
}

// read reads the output to its end, and closes ready at a line.
func (p *process) read(output *os.File, line string, ready chan struct{}) {
	defer close(p.ended)
	isReady := false
	for s := bufio.NewScanner(output); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		p.mu.Unlock()
		if !isReady && strings.Contains(s.Text(), line) {
			isReady = true
			close(ready)
		}
	}
}

// output returns the last lines of the output.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines[max(0, len(p.lines)-40):], "\n")
}

// signal sends a signal to the process.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end ends the process, were it stopped by SIGSTOP.
func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	p.wait()
}

// wait waits until the process has ended.
func (p *process) wait() {
	<-p.ended
	_ = p.cmd.Wait()
}
