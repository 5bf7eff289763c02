package supervisor_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestAStopThatANewSupervisorOvertakesIsSentToThatOne(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	s.Kill()
	path := control.LockPath(s.Config.Paths.RuntimeDir)
	lock, err := flock.Take(t.Context(), path, flock.UntilDone)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	done := make(chan error, 1)
	go func() { _, err := supervisor.Stop(t.Context(), s.Config, nil); done <- err }()
	supervisortest.Eventually(t, "the stop to wait for the lock", func() bool { return countOpen(t, path) == 2 })

	stops := serveStops(t, s.Socket())
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(stops) != 1 {
		t.Errorf("the new supervisor received %d stops", len(stops))
	}
}

// countOpen returns how often this process has the file path open.
func countOpen(t *testing.T, path string) (count int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == path {
			count++
		}
	}
	return count
}

// serveStops is a double of a supervisor that listens on a control socket: it does nothing
// but answer. The returned channel gets a value for each stop.
func serveStops(t *testing.T, socket string) chan struct{} {
	t.Helper()
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	stops := make(chan struct{}, 100)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/stop") {
			stops <- struct{}{}
		}
		_, _ = w.Write([]byte("{}\n"))
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	return stops
}
