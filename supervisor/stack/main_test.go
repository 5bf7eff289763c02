package stack_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// binary is the compiled program, which supervisors and services are.
var binary string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fg-upgrade-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if binary, err = subprocess.CompileFlowGate(context.Background(), "../..", dir); err != nil {
		panic(err)
	}
	return trusttest.Run(m)
}

// installation is an initialised folder; what runs in it ends with the test.
type installation struct {
	t    *testing.T
	o    change.Options
	file string
}

func initialised(t *testing.T, o scaffold.Options) *installation {
	t.Helper()
	o.Dir, o.RouterPort, o.UpstreamPort = t.TempDir(), tcptest.FreePort(t), tcptest.FreePort(t)
	if _, err := scaffold.Init(o); err != nil {
		t.Fatal(err)
	}
	s := &installation{t: t, file: filepath.Join(o.Dir, "config", "flowgate.yaml")}
	s.o = change.Options{File: s.file, Start: supervisor.StartOptions{Self: binary, Environ: os.Environ(),
		Getenv: func(string) string { return "" }, Timeout: 20 * time.Second}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_, _ = supervisor.Stop(ctx, s.load(), nil)
	})
	return s
}

func (s *installation) load() *config.Config {
	s.t.Helper()
	cfg, err := config.Load(s.file, s.o.Start.Getenv)
	if err != nil {
		s.t.Fatal(err)
	}
	return cfg
}

func (s *installation) start() {
	s.t.Helper()
	if _, err := stack.StartFresh(s.t.Context(), s.load(), s.o); err != nil {
		s.t.Fatal(err)
	}
}

// replace edits a file in place.
func (s *installation) replace(file, old, new string) {
	s.t.Helper()
	data, err := os.ReadFile(file)
	if err == nil && !strings.Contains(string(data), old) {
		err = errors.New(file + " lacks " + old)
	}
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(data), old, new, 1)), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want string, parts ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != want || f.Hint == "" {
		t.Fatalf("want %s with a hint, got %v", want, err)
	}
	for _, part := range parts {
		if !strings.Contains(f.Message+"\n"+f.Hint, part) {
			t.Errorf("%q / %q lacks %q", f.Message, f.Hint, part)
		}
	}
}

// compile builds a program of testdata.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	args := append(append([]string{"build", "-o", out}, flags...), source)
	if text, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v: %s", source, err, text)
	}
	return out
}
