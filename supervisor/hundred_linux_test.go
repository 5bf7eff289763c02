package supervisor_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// hundred is how many services the comparison is about: sleep(1), as a user of
// each supervisor writes it. process-compose runs it through its shell.
const hundred = 100

// contestant is a supervisor in the comparison. Its commands are processes of
// their own, each supervisor's.
type contestant struct {
	up     func() (pid int) // the supervisor's; it goes on bringing them up
	down   func()
	status func()        // nil when it has no such command
	excuse time.Duration // of its wait before a restart, which cannot be switched off
}

// BenchmarkHundredServices compares supervisors side by side in one run:
// process-compose from $PROCESS_COMPOSE or PATH, supervisord from $SUPERVISORD
// or PATH. Nobody at all is how long the kernel needs for a hundred processes
// that one loop starts and another ends: what no supervisor can beat.
func BenchmarkHundredServices(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(b *testing.B, dir string) contestant
	}{{"nobody", nobodyHundred}, {"flowgate", flowgateHundred}, {"flowgate in the foreground", foregroundHundred},
		{"process-compose", composeHundred}, {"supervisord", supervisordHundred}, {"systemd --user", systemdHundred}} {
		b.Run(c.name, func(b *testing.B) {
			var m measured
			for range b.N {
				m.add(b, c.make(b, b.TempDir()))
			}
			m.report(b)
		})
	}
}

type measured struct {
	up, down, status, again time.Duration
	cpu, rss                float64
}

func (m *measured) add(b *testing.B, run contestant) {
	began, crowd := time.Now(), tasks()
	pid := run.up()
	awaitCrowd(crowd + hundred)
	all := awaitSleepers(b, pid, nil, hundred)
	m.up += time.Since(began)
	if run.status != nil {
		run.status() // connections and caches
		began = time.Now()
		run.status()
		m.status += time.Since(began)
	}
	if pid != os.Getpid() {
		m.again += crash(b, pid, all) - run.excuse
		share, memory := idle(b, pid, 4*time.Second)
		m.cpu, m.rss = m.cpu+share, m.rss+memory
	}
	all = awaitSleepers(b, pid, nil, hundred)
	began = time.Now()
	run.down()
	awaitGone(b, all)
	m.down += time.Since(began)
}

func (m *measured) report(b *testing.B) {
	metric := func(total time.Duration, name string) {
		b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), name)
	}
	metric(m.up, "up-ms")
	metric(m.down, "down-ms")
	metric(m.status, "status-ms")
	metric(m.again, "crash-to-running-ms")
	b.ReportMetric(m.cpu/float64(b.N), "idle-%-of-a-core")
	b.ReportMetric(m.rss/float64(b.N), "rss-MB")
	b.ReportMetric(0, "ns/op")
}

func nobodyHundred(b *testing.B, _ string) contestant {
	all := make([]*exec.Cmd, hundred)
	return contestant{
		up: func() int {
			for i := range all {
				all[i] = exec.Command("sleep", "1000")
				if err := all[i].Start(); err != nil {
					b.Fatal(err)
				}
			}
			return os.Getpid()
		},
		down: func() {
			for _, cmd := range all {
				_ = cmd.Process.Signal(syscall.SIGTERM)
			}
			for _, cmd := range all {
				_ = cmd.Wait()
			}
		},
	}
}

// flowgateHundred is mage start, which brings a supervisor that outlives it.
func flowgateHundred(b *testing.B, _ string) contestant {
	run, _ := hundredServices(b)
	return run
}

// foregroundHundred is mage supervisor:run -up, as service managers run it: what
// the others' commands are.
func foregroundHundred(b *testing.B, _ string) contestant {
	run, file := hundredServices(b)
	run.up = func() int { return begin(b, exec.Command(os.Args[0], "supervisor:run", "-config="+file, "-up")) }
	return run
}

func hundredServices(b *testing.B) (run contestant, file string) {
	services := make([]config.Service, hundred)
	for i := range services {
		services[i] = config.Service{
			Name: "s" + strconv.Itoa(i), Runtime: config.RuntimeCommand, Command: []string{"sleep", "1000"},
			Restart: config.Restart{Policy: "always", Backoff: time.Nanosecond},
		}
	}
	s := supervisortest.NewStack(b, services...)
	command := func(verb string) {
		if out, err := exec.Command(os.Args[0], "command", verb, s.Config.File).CombinedOutput(); err != nil {
			b.Fatalf("%s: %v: %s", verb, err, out)
		}
	}
	return contestant{
		up:     func() int { command("start"); return s.Recorded()[0].PID },
		status: func() { command("status") },
		down:   func() { command("stop") },
	}, s.Config.File
}

func composeHundred(b *testing.B, dir string) contestant {
	program := rival(b, "PROCESS_COMPOSE", "process-compose")
	var yaml strings.Builder
	yaml.WriteString("version: \"0.5\"\nprocesses:\n")
	for i := range hundred {
		fmt.Fprintf(&yaml, "  s%d:\n    command: sleep 1000\n    availability: {restart: always, backoff_seconds: 1}\n", i)
	}
	file := filepath.Join(dir, "process-compose.yaml")
	if err := os.WriteFile(file, []byte(yaml.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	port := strconv.Itoa(tcptest.FreePort(b))
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(program, append([]string{"-p", port, "-L", filepath.Join(dir, "log")}, args...)...)
		cmd.Dir = dir
		return cmd
	}
	up := command("-f", file, "-t=false", "up")
	return contestant{
		excuse: time.Second,
		up:     func() int { return begin(b, up) },
		status: func() {
			if out, err := command("process", "list", "-o", "json").CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		},
		down: func() { _ = command("down").Run() },
	}
}

func supervisordHundred(b *testing.B, dir string) contestant {
	program := rival(b, "SUPERVISORD", "supervisord")
	var conf strings.Builder
	fmt.Fprintf(&conf, "[supervisord]\nnodaemon=true\nlogfile=%s/log\npidfile=%s/pid\nchildlogdir=%s\n", dir, dir, dir)
	for i := range hundred {
		fmt.Fprintf(&conf, "[program:s%d]\ncommand=sleep 1000\nstartsecs=0\nautorestart=true\n", i)
	}
	file := filepath.Join(dir, "supervisord.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	up := exec.Command(program, "-n", "-c", file)
	return contestant{
		up:   func() int { return begin(b, up) },
		down: func() { _ = up.Process.Signal(syscall.SIGTERM) },
	}
}

func begin(b *testing.B, cmd *exec.Cmd) int {
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
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

// tasks is how many threads there are on this machine, which is one system call
// to ask: to look at each process again and again would take a core from those
// that are measured.
func tasks() int {
	var info unix.Sysinfo_t
	_ = unix.Sysinfo(&info) // cannot fail with this
	return int(info.Procs)
}

// awaitCrowd waits until there are so many threads, or for a second: other
// programs may have ended.
func awaitCrowd(n int) {
	for deadline := time.Now().Add(time.Second); tasks() < n && time.Now().Before(deadline); {
		time.Sleep(500 * time.Microsecond)
	}
}

// awaitSleepers waits until so many children of a process sleep that are not
// among the old ones.
func awaitSleepers(b *testing.B, parent int, old map[int]bool, n int) []int {
	b.Helper()
	asleep := map[int]bool{}
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		children := childrenOf(parent)
		if len(children) < n {
			continue
		}
		for _, pid := range children {
			if name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); !old[pid] && string(name) == "sleep\n" {
				asleep[pid] = true
			}
		}
		if len(asleep) >= n {
			return slices.Collect(maps.Keys(asleep))
		}
	}
	b.Fatalf("not %d services in a minute", n)
	return nil
}

// childrenOf reads what the kernel lists for each thread (proc_pid_children(5)).
func childrenOf(pid int) (children []int) {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, thread := range threads {
		raw, _ := os.ReadFile(thread)
		for word := range strings.FieldsSeq(string(raw)) {
			if child, err := strconv.Atoi(word); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

// crash kills one service and waits for the one in its place.
func crash(b *testing.B, parent int, all []int) time.Duration {
	b.Helper()
	old := map[int]bool{}
	for _, pid := range all {
		old[pid] = true
	}
	began := time.Now()
	if err := syscall.Kill(all[0], syscall.SIGKILL); err != nil {
		b.Fatal(err)
	}
	awaitSleepers(b, parent, old, 1)
	return time.Since(began)
}

func awaitGone(b *testing.B, pids []int) {
	b.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if !slices.ContainsFunc(pids, func(pid int) bool { _, err := process.Identify(pid); return err == nil }) {
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
	before := cpuTime(pid)
	time.Sleep(span)
	used := cpuTime(pid) - before
	u, err := process.ReadUsage(b.Context(), pid)
	if err != nil {
		b.Fatal(err)
	}
	return 100 * used.Seconds() / span.Seconds(), float64(u.RSS) / (1 << 20)
}

// cpuTime is what the threads of a process have run, to the nanosecond
// (proc_pid_schedstat(5)).
func cpuTime(pid int) (total time.Duration) {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	for _, thread := range threads {
		var ran time.Duration
		raw, _ := os.ReadFile(thread)
		if _, err := fmt.Sscan(string(raw), &ran); err == nil {
			total += ran
		}
	}
	return total
}
