package supervisor_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor"
)

// hundred is how many services the comparison is about. Each says its pid in
// one file, the same way under every supervisor, and sleeps.
const hundred = 100

// contestant is a supervisor in the comparison.
type contestant struct {
	up     func() (pid func() int) // begins to bring all up; pid is the supervisor's, once all are
	down   func()
	status func()        // nil when it has no such command
	excuse time.Duration // of its wait before a restart, which cannot be switched off
}

// BenchmarkHundredServices compares supervisors side by side in one run:
// process-compose from $PROCESS_COMPOSE or PATH, supervisord from $SUPERVISORD
// or PATH.
func BenchmarkHundredServices(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(b *testing.B, dir, script string) contestant
	}{{"flowgate", flowgateHundred}, {"process-compose", composeHundred}, {"supervisord", supervisordHundred}} {
		b.Run(c.name, func(b *testing.B) {
			var up, down, status, again time.Duration
			var cpu, rss float64
			for range b.N {
				dir := b.TempDir()
				pids := filepath.Join(dir, "pids")
				run := c.make(b, dir, "echo $$ >> "+pids+"; exec sleep 1000")
				began := time.Now()
				pid := run.up()
				all := awaitPIDs(b, pids, hundred)
				up += time.Since(began)
				if run.status != nil {
					run.status() // connections and caches
					began = time.Now()
					run.status()
					status += time.Since(began)
				}
				again += crash(b, pids, all[hundred/2]) - run.excuse
				share, memory := idle(b, pid(), 4*time.Second)
				cpu, rss = cpu+share, rss+memory
				all = awaitPIDs(b, pids, hundred+1)
				began = time.Now()
				run.down()
				awaitGone(b, all)
				down += time.Since(began)
			}
			report := func(total time.Duration, name string) {
				b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), name)
			}
			report(up, "up-ms")
			report(down, "down-ms")
			report(status, "status-ms")
			report(again, "crash-to-running-ms")
			b.ReportMetric(cpu/float64(b.N), "idle-%-of-a-core")
			b.ReportMetric(rss/float64(b.N), "rss-MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func flowgateHundred(b *testing.B, _, script string) contestant {
	services := make([]config.Service, hundred)
	for i := range services {
		services[i] = config.Service{
			Name: "s" + strconv.Itoa(i), Runtime: config.RuntimeCommand, Command: []string{"/bin/sh", "-c", script},
			Restart: config.Restart{Policy: "always", Backoff: time.Nanosecond},
		}
	}
	s := newStack(b, services...)
	return contestant{
		up:     func() func() int { s.mustStart(); return func() int { return s.recorded()[0].PID } },
		status: func() { s.query() },
		down: func() {
			if _, err := supervisor.Stop(b.Context(), s.cfg, nil); err != nil {
				b.Fatal(err)
			}
		},
	}
}

func composeHundred(b *testing.B, dir, script string) contestant {
	program := rival(b, "PROCESS_COMPOSE", "process-compose")
	var yaml strings.Builder
	yaml.WriteString("version: \"0.5\"\nprocesses:\n")
	for i := range hundred {
		// A dollar sign is written twice there.
		fmt.Fprintf(&yaml, "  s%d:\n    command: %q\n    availability: {restart: always, backoff_seconds: 1}\n", i, strings.ReplaceAll(script, "$", "$$"))
	}
	file := filepath.Join(dir, "process-compose.yaml")
	if err := os.WriteFile(file, []byte(yaml.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	port := strconv.Itoa(freePort(b))
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(program, append([]string{"-p", port, "-L", filepath.Join(dir, "log")}, args...)...)
		cmd.Dir = dir
		return cmd
	}
	up := command("-f", file, "-t=false", "up")
	return contestant{
		excuse: time.Second,
		up:     func() func() int { return begin(b, up) },
		status: func() {
			if out, err := command("process", "list", "-o", "json").CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		},
		down: func() { _ = command("down").Run() },
	}
}

func supervisordHundred(b *testing.B, dir, script string) contestant {
	program := rival(b, "SUPERVISORD", "supervisord")
	var conf strings.Builder
	fmt.Fprintf(&conf, "[supervisord]\nnodaemon=true\nlogfile=%s/log\npidfile=%s/pid\nchildlogdir=%s\n", dir, dir, dir)
	for i := range hundred {
		fmt.Fprintf(&conf, "[program:s%d]\ncommand=/bin/sh -c %q\nstartsecs=0\nautorestart=true\n", i, script)
	}
	file := filepath.Join(dir, "supervisord.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	up := exec.Command(program, "-n", "-c", file)
	return contestant{
		up:   func() func() int { return begin(b, up) },
		down: func() { _ = up.Process.Signal(syscall.SIGTERM) },
	}
}

func begin(b *testing.B, cmd *exec.Cmd) func() int {
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return func() int { return cmd.Process.Pid }
}

func rival(b *testing.B, variable, name string) string {
	b.Helper()
	if program := os.Getenv(variable); program != "" {
		return program
	}
	program, err := exec.LookPath(name)
	if err != nil {
		b.Skipf("NOT COMPARED with %s: it is neither in $%s nor on PATH", name, variable)
	}
	return program
}

func awaitPIDs(b *testing.B, file string, n int) []int {
	b.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		raw, _ := os.ReadFile(file)
		if strings.Count(string(raw), "\n") < n {
			continue
		}
		var pids []int
		for _, word := range strings.Fields(string(raw)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				b.Fatal(err)
			}
			pids = append(pids, pid)
		}
		return pids
	}
	b.Fatalf("not %d services in a minute", n)
	return nil
}

// crash kills one service and waits for the one in its place.
func crash(b *testing.B, file string, pid int) time.Duration {
	b.Helper()
	began := time.Now()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		b.Fatal(err)
	}
	awaitPIDs(b, file, hundred+1)
	return time.Since(began)
}

func awaitGone(b *testing.B, pids []int) {
	b.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		alive := 0
		for _, pid := range pids {
			if _, err := process.Identify(pid); err == nil {
				alive++
			}
		}
		if alive == 0 {
			return
		}
	}
	b.Fatal("services are left after a minute")
}

// idle is what a supervisor uses while nothing happens: percent of a core, and
// megabytes.
func idle(b *testing.B, pid int, span time.Duration) (share, memory float64) {
	b.Helper()
	time.Sleep(time.Second) // what is left over from the start
	before := cpuTime(b, pid)
	time.Sleep(span)
	used := cpuTime(b, pid) - before
	u, err := process.Measure(b.Context(), pid)
	if err != nil {
		b.Fatal(err)
	}
	return 100 * used.Seconds() / span.Seconds(), float64(u.RSS) / (1 << 20)
}

// cpuTime is what the threads of a process have run, to the nanosecond where
// the kernel tells it (Linux; proc_pid_schedstat(5)), else to the hundredth of
// a second.
func cpuTime(b *testing.B, pid int) (total time.Duration) {
	b.Helper()
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	for _, thread := range threads {
		var ran time.Duration
		raw, _ := os.ReadFile(thread)
		if _, err := fmt.Sscan(string(raw), &ran); err == nil {
			total += ran
		}
	}
	if len(threads) == 0 {
		u, err := process.Measure(b.Context(), pid)
		if err != nil {
			b.Fatal(err)
		}
		return u.CPU
	}
	return total
}
