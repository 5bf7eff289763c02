package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	core "k8s.io/api/core/v1"

	"github.com/flowgate-go/flowgate/internal/deploy/compose"
)

// renderCompose renders the configuration echo for Compose, runs its secrets.sh and returns the folder and what
// Compose's loader makes of it.
func renderCompose(t *testing.T) (string, *types.Project) {
	t.Helper()
	cfg, dir := install(t, "echo", t.TempDir()), filepath.Join(t.TempDir(), "compose")
	r, err := compose.Render(cfg, compose.Options{Image: "flowgate:test"})
	if err == nil {
		_, err = r.Write(dir, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "secrets.sh"), cfg.Dir).CombinedOutput(); err != nil {
		t.Fatalf("secrets.sh: %v: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := loadCompose(t, string(text))
	if err != nil {
		t.Fatal(err)
	}
	return dir, project
}

// newComposed runs a service as a container of Compose. The probes are the router's own, since the service's health
// check is a command.
func newComposed(t *testing.T, folder string, s types.ServiceConfig, port int32, ports map[int32]int) *pod {
	t.Helper()
	p := newRoot(t, core.Container{Name: s.Name, Command: s.Entrypoint[:1], Args: s.Entrypoint[1:],
		Ports:          []core.ContainerPort{{ContainerPort: port}},
		LivenessProbe:  &core.Probe{ProbeHandler: core.ProbeHandler{HTTPGet: &core.HTTPGetAction{Path: "/health/liveliness"}}},
		ReadinessProbe: &core.Probe{ProbeHandler: core.ProbeHandler{HTTPGet: &core.HTTPGetAction{Path: "/health/readiness"}}},
	}, ports)
	for _, v := range s.Volumes {
		p.mkdir(v.Target)
		if v.ReadOnly {
			p.copyFolder(filepath.Join(folder, filepath.Base(v.Source)), v.Target)
			continue
		}
		p.writable = strings.TrimPrefix(v.Target, "/")
		if err := os.Chown(filepath.Join(p.root, v.Target), p.owner(), -1); err != nil {
			t.Fatal(err)
		}
	}
	p.mkdir("run/secrets")
	for _, secret := range s.Secrets {
		text, err := os.ReadFile(filepath.Join(folder, "secrets", secret.Source))
		if err != nil {
			t.Fatal(err)
		}
		name := secret.Target
		if name == "" {
			name = secret.Source
		}
		p.write(filepath.Join("run/secrets", filepath.Base(name)), string(text))
	}
	var environment []string
	for name, value := range s.Environment {
		environment = append(environment, name+"="+*value)
	}
	p.start(environment)
	p.await("the health check of "+s.Name, func() bool { return p.isHealthy(s.HealthCheck.Test) })
	return p
}

// owner returns the user of a folder that a container can write.
func (p *pod) owner() int {
	if os.Geteuid() == 0 {
		return user
	}
	return os.Geteuid()
}

// copyFolder copies the files of a folder into the root folder, with other ports.
func (p *pod) copyFolder(from, to string) {
	p.t.Helper()
	files, err := os.ReadDir(from)
	if err != nil || len(files) == 0 {
		p.t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(filepath.Join(to, f.Name()), p.movePorts(string(text)))
	}
}

// isHealthy runs the health check of a service, with the program of the image, and fails the test when the service has
// ended.
func (p *pod) isHealthy(test []string) bool {
	p.t.Helper()
	select {
	case <-p.ended:
		p.t.Fatalf("%s ended: %v\n%s", p.container.Name, p.cmd.ProcessState, p.log)
	default:
	}
	cmd := exec.CommandContext(p.t.Context(), filepath.Join(p.root, test[1]))
	for _, word := range test[2:] {
		cmd.Args = append(cmd.Args, p.movePorts(word))
	}
	return cmd.Run() == nil
}

// TestTheServicesOfComposeRun runs both services with the image, volumes, secrets and commands of compose.yaml.
func TestTheServicesOfComposeRun(t *testing.T) {
	t.Parallel()
	folder, project := renderCompose(t)
	ports := freePortsFor(t, 4000, 8317)
	newComposed(t, folder, project.Services["cliproxyapi"], 8317, ports)
	router := newComposed(t, folder, project.Services["router"], 4000, ports)
	router.checkAnswers([]string{gatewayKey}, true)
	finish := router.openRequest(gatewayKey)
	router.end(func() {
		router.await("the end of its port", func() bool { return !router.isListening() })
		if status, text := finish(); status != 200 || !strings.Contains(text, "a question from a pod") {
			t.Errorf("the request in flight: %d %s", status, text)
		}
	})
	rows, err := filepath.Glob(filepath.Join(router.root, "usage", "*"))
	if err != nil || len(rows) == 0 {
		t.Errorf("the usage ledger is not in its volume: %v, %v", rows, err)
	}
}
