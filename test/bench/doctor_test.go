package bench_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/checks/doctor"
)

// BenchmarkDoctor examines a healthy stack that runs, from exec to exit.
func BenchmarkDoctor(b *testing.B) {
	dir := initialised(b)
	startStack(b, dir)
	command(b, dir, binary, "doctor")
}

// BenchmarkDoctorWaits compares the same checks one after the other, as `brew
// doctor` runs them, with all at once: on a healthy stack, and on one where the
// services hang and two upstreams accept and never answer.
func BenchmarkDoctorWaits(b *testing.B) {
	dir := initialised(b)
	silent := listenSilently(b)
	settings := filepath.Join(dir, "config", "flowgate.yaml")
	text, err := os.ReadFile(settings)
	if err != nil {
		b.Fatal(err)
	}
	entry := "    - model_name: silent\n      litellm_params: {model: openai/x, api_base: http://" + silent +
		"/v1, api_key_ref: upstream}\n  general_settings:\n    master_key_ref"
	if err := os.WriteFile(settings, []byte(strings.Replace(string(text), "  general_settings:\n    master_key_ref", entry,
		1)), 0o600); err != nil {
		b.Fatal(err)
	}
	startStack(b, dir)
	each := func(name string, online bool) {
		for _, serial := range []bool{true, false} {
			b.Run(name+"/serial="+strconv.FormatBool(serial), func(b *testing.B) {
				for b.Loop() {
					report, err := doctor.Run(b.Context(), doctor.Options{
						File: settings, Cwd: dir, Self: binary, Serial: serial, Online: online,
						Environ: os.Environ(), Getenv: os.Getenv, Now: time.Now,
					})
					if err != nil || len(report.Checks) < 50 {
						b.Fatalf("%d checks, %v", len(report.Checks), err)
					}
				}
			})
		}
	}
	each("healthy", false)
	for _, pid := range pids(b, dir) {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
		defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	}
	each("hanging", true)
}

// listenSilently accepts connections and says nothing.
func listenSilently(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	return l.Addr().String() // the kernel accepts for a listener that never does
}

func pids(b *testing.B, dir string) []int {
	b.Helper()
	status := exec.Command(binary, "status", "-jq=[.data.services[].pid]")
	status.Dir = dir
	out, err := status.Output()
	var all []int
	if err != nil || json.Unmarshal(out, &all) != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return all
}

// startStack brings the stack in dir up until the benchmark ends.
func startStack(b *testing.B, dir string) {
	b.Helper()
	b.Cleanup(func() { // first: a start that fails leaves a supervisor too
		stop := exec.Command(binary, "stop")
		stop.Dir = dir
		_ = stop.Run()
	})
	start := exec.Command(binary, "start")
	start.Dir = dir
	if out, err := start.CombinedOutput(); err != nil {
		b.Fatalf("start: %v: %s", err, out)
	}
}
