package compose_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/deploy/compose"
)

// healthCheck returns the health check of the upstream as Compose reads it, for CLIProxyAPI at a port.
func healthCheck(t *testing.T, port string) []string {
	t.Helper()
	services := strings.Replace(configurations["cliproxyapi"].services, "8317", port, 1)
	for _, f := range render(t, load(t, services), compose.Options{UpstreamImage: "x:1"}).Files {
		if f.Path != "compose.yaml" {
			continue
		}
		var project struct {
			Services map[string]struct {
				Healthcheck struct{ Test []string }
			}
		}
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(f.Content, "$$", "$")), &project); err != nil {
			t.Fatal(err)
		}
		if test := project.Services["cliproxyapi"].Healthcheck.Test; len(test) > 1 && test[0] == "CMD" {
			return test[1:]
		}
	}
	t.Fatal("there is no health check")
	return nil
}

// TestTheHealthCheckOfCLIProxyAPIWorksInBothOfItsImages runs it with the programs that Alpine has, and with those that
// Debian has.
func TestTheHealthCheckOfCLIProxyAPIWorksInBothOfItsImages(t *testing.T) {
	t.Parallel()
	var status atomic.Int32 // the handler runs beside the test
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			status.Store(http.StatusNotFound)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	test := healthCheck(t, server.URL[strings.LastIndex(server.URL, ":")+1:])
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	debian, alpine := t.TempDir(), t.TempDir()
	if err := os.Symlink(bash, filepath.Join(debian, "bash")); err != nil {
		t.Fatal(err)
	}
	asked := filepath.Join(alpine, "asked")
	if err := os.WriteFile(filepath.Join(alpine, "wget"), []byte("#!/bin/sh\necho \"$*\" >"+asked+"\nexit 8\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(path string) error {
		cmd := exec.CommandContext(t.Context(), test[0], test[1:]...)
		cmd.Env = []string{"PATH=" + path}
		return cmd.Run()
	}
	if err := run(debian); err != nil {
		t.Errorf("a healthy one, with bash: %v", err)
	}
	if err := run(alpine); err == nil {
		t.Error("wget found it unhealthy, and the check is content")
	}
	if text, err := os.ReadFile(asked); err != nil || string(text) != "-q -O /dev/null "+server.URL+"/\n" {
		t.Errorf("wget got %q, %v", text, err)
	}
	status.Store(http.StatusServiceUnavailable)
	if run(debian) == nil {
		t.Error("one that answers 503 is healthy, with bash")
	}
	server.Close()
	if run(debian) == nil {
		t.Error("one that does not answer is healthy, with bash")
	}
}
