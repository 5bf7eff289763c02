package drift_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/drift"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

func TestMain(m *testing.M) { os.Exit(trusttest.Run(m)) }

// unknown is a router's configuration that is not known in this shell.
func unknown() ([]byte, error) { return nil, errors.New("a key is missing") }

// started returns a configuration and the status of its services after each was started with it,
// by a supervisor that got it from the control socket.
func started(t *testing.T, cfg *config.Config) control.Status {
	t.Helper()
	if err := os.MkdirAll(cfg.Paths.RuntimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	sent, err := control.EncodeRequest(control.Request{Config: cfg})
	var received control.Request
	if err == nil {
		err = json.Unmarshal(sent, &received)
	}
	if err != nil {
		t.Fatal(err)
	}
	var status control.Status
	var l ledger.Ledger
	for i, svc := range received.Config.Services {
		l.Services = append(l.Services, ledger.Entry{Name: svc.Name, Process: process.Identity{PID: i + 1},
			StartedAt: time.Now(), Loaded: drift.Record(received.Config, svc)})
		running := control.StoppedService(cfg, svc)
		running.PID = i + 1
		status.Services = append(status.Services, running)
	}
	if err := ledger.Write(cfg.Paths.RuntimeDir, l); err != nil {
		t.Fatal(err)
	}
	return status
}

// differences returns all that differs, by service.
func differences(status control.Status) string {
	var b strings.Builder
	for _, svc := range status.Services {
		for _, difference := range svc.Differs {
			b.WriteString(svc.Name + ": " + difference + "\n")
		}
	}
	return b.String()
}

func TestWhatWasStartedByAFileDoesNotDifferFromIt(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("../../testdata/config/valid/*.yaml")
	if len(files) < 5 {
		t.Fatal(files)
	}
	for _, file := range files {
		cfg, err := config.Load(file, func(string) string { return "x" })
		if err != nil {
			t.Fatal(err)
		}
		cfg.Paths.RuntimeDir = filepath.Join(t.TempDir(), ".router", "runtime")
		cfg.Paths.ActiveConfig = filepath.Join(cfg.Paths.RuntimeDir, "active.yaml")
		status := started(t, cfg)
		if again, err := config.Load(file, func(string) string { return "x" }); err == nil {
			again.Paths = cfg.Paths
			cfg = again
		}
		drift.Compare(cfg, &status, unknown)
		if text := differences(status); text != "" || drift.Fault(status, nil) != nil {
			t.Errorf("%s: %s", file, text)
		}
	}
}

// stack returns a configuration of an embedded router before the real CLIProxyAPI.
func stack(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default(dir)
	cfg.CLIProxyConfigFile = filepath.Join(dir, "cliproxyapi.yaml")
	for i := range cfg.Services {
		if cfg.Services[i].Name == config.CLIProxy {
			cfg.Services[i].Runtime = config.RuntimeCLIProxyAPI
		}
	}
	if err := os.MkdirAll(cfg.Paths.RuntimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, cfg.Paths.ActiveConfig, "model_list: []\n")
	write(t, cfg.CLIProxyConfigFile, "port: 8317\n")
	return cfg
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// service returns a service of cfg to be changed.
func service(cfg *config.Config, name string) *config.Service {
	for i := range cfg.Services {
		if cfg.Services[i].Name == name {
			return &cfg.Services[i]
		}
	}
	panic(name)
}

func TestEachChangeSinceTheStartIsNamed(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(t *testing.T, cfg *config.Config)
		want   string // "" for no difference
	}{
		{"nothing", func(*testing.T, *config.Config) {}, ""},
		{"runtime", func(_ *testing.T, c *config.Config) { service(c, config.LiteLLM).Runtime = config.RuntimeLiteLLM },
			"litellm: it runs embedded, and the configuration has runtime: litellm\n"},
		{"port", func(_ *testing.T, c *config.Config) { service(c, config.LiteLLM).Port = 4444 },
			"litellm: it is at http://127.0.0.1:4000, and the configuration has http://127.0.0.1:4444\n"},
		{"arguments", func(_ *testing.T, c *config.Config) { service(c, config.CLIProxy).Command = []string{"-x"} },
			"cliproxyapi_plus: services.cliproxyapi_plus.command was changed since its start\n"},
		{"variables", func(_ *testing.T, c *config.Config) {
			service(c, config.CLIProxy).Env = map[string]string{"A": "b"}
		}, "cliproxyapi_plus: services.cliproxyapi_plus.command was changed since its start\n"},
		{"restarts", func(_ *testing.T, c *config.Config) { service(c, config.LiteLLM).Restart.Max = 77 },
			"litellm: the probes, restarts or time limits of services.litellm were changed since its start\n"},
		{"settings", func(t *testing.T, c *config.Config) { write(t, c.Paths.ActiveConfig, "model_list: [{}]\n") },
			"litellm: it runs with the models and settings that it loaded at its start, and the configuration has others now\n"},
		{"in place", func(t *testing.T, c *config.Config) { write(t, c.CLIProxyConfigFile, "port: 8317\ndebug: true\n") }, ""},
		{"a comment in a new file", func(t *testing.T, c *config.Config) {
			replace(t, c.CLIProxyConfigFile, "# new\nport: 8317\n")
		}, ""},
		{"a new file", func(t *testing.T, c *config.Config) { replace(t, c.CLIProxyConfigFile, "port: 8317\ndebug: true\n") },
			"was replaced since its start, and CLIProxyAPI takes only a file that is changed in place"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := stack(t)
			status := started(t, cfg)
			c.change(t, cfg)
			drift.Compare(cfg, &status, drift.Generated(cfg))
			got := differences(status)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, "\n") > 1 {
				t.Errorf("%q, want %q", got, c.want)
			}
			if err := drift.Fault(status, nil); (err != nil) != (got != "") {
				t.Errorf("fault %v for %q", err, got)
			}
		})
	}
}

// replace puts a new file in the place of the one at path, after the moment of started.
func replace(t *testing.T, path, text string) {
	t.Helper()
	time.Sleep(20 * time.Millisecond) // file systems keep times by the tick of the clock, of at most 10 ms
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestAFaultIsOfTheNamedServicesOnly(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	status := started(t, cfg)
	service(cfg, config.LiteLLM).Port = 4444
	drift.Compare(cfg, &status, unknown)
	if err := drift.Fault(status, []string{config.CLIProxy}); err != nil {
		t.Error(err)
	}
	for _, names := range [][]string{nil, {config.LiteLLM}} {
		if err := drift.Fault(status, names); err == nil {
			t.Errorf("no fault for %v", names)
		}
	}
}

func TestAnIncludedFileIsPartOfTheRoutersSettings(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	included := filepath.Join(t.TempDir(), "more.yaml")
	write(t, included, "model_list: []\n")
	write(t, cfg.Paths.ActiveConfig, "include: ["+included+"]\n")
	status := started(t, cfg)
	drift.Compare(cfg, &status, drift.Generated(cfg))
	if text := differences(status); text != "" {
		t.Error(text)
	}
	write(t, included, "model_list: [{}]\n")
	drift.Compare(cfg, &status, drift.Generated(cfg))
	if text := differences(status); !strings.Contains(text, "models and settings") {
		t.Errorf("%q", text)
	}
}

func TestWhatIsNotKnownDoesNotDiffer(t *testing.T) {
	t.Parallel()
	cfg := stack(t)
	status := started(t, cfg)
	write(t, cfg.Paths.ActiveConfig, "model_list: [{}]\n")
	if got := drift.FindUnrecorded(cfg, status); len(got) != 0 {
		t.Errorf("unrecorded: %v", got)
	}
	drift.Compare(cfg, &status, unknown) // in a shell without the keys
	if text := differences(status); text != "" {
		t.Error(text)
	}
	l := ledger.Read(cfg.Paths.RuntimeDir)
	for i := range l.Services {
		l.Services[i].Loaded = nil // an older version wrote it
	}
	if err := ledger.Write(cfg.Paths.RuntimeDir, l); err != nil {
		t.Fatal(err)
	}
	if got := drift.FindUnrecorded(cfg, status); len(got) != len(status.Services) {
		t.Errorf("unrecorded: %v", got)
	}
	drift.Compare(cfg, &status, drift.Generated(cfg))
	if text := differences(status); text != "" {
		t.Error(text)
	}
}
