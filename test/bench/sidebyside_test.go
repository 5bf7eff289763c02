package bench_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

// How long BenchmarkSideBySide takes: about six minutes.
const (
	sideBySideRounds = 10
	slowRounds       = 2
	fastSlice        = 600 * time.Millisecond // of one router in one round
	slowSlice        = 1500 * time.Millisecond
	sideBySideStarts = 31 // of each command
)

// BenchmarkSideBySide prints the tables of docs/benchmarks.md that compare translating
// routers, each a process of its own before the same upstream, in turns of one run. Give
// it -benchtime 1x. FLOWGATE_REQUIRE_RIVALS=1 builds CLIProxyAPI and installs LiteLLM and
// claude-code-router.
func BenchmarkSideBySide(b *testing.B) {
	if os.Getenv("FLOWGATE_REQUIRE_RIVALS") != "1" {
		b.Skip("the other routers are not installed: set FLOWGATE_REQUIRE_RIVALS=1 (needs go, python3, node and npm)")
	}
	for b.Loop() {
		printCommands(b)
		upstream := startRole(b, "upstream", "")
		for _, dialect := range []string{"messages", "responses"} {
			compareRivals(b, dialect, upstream)
		}
	}
}

// lane is one router of a comparison with what it has answered under one load.
type lane struct {
	rival
	*server
	answered       int
	failed         error
	cpu, took      time.Duration
	latency, first []time.Duration
}

// compareRivals prints the table of one client's dialect.
func compareRivals(b *testing.B, dialect string, upstream *server) {
	lanes := []*lane{{rival: rival{name: "no router"}, server: upstream}}
	for _, r := range rivals() {
		if r.lacks != dialect {
			lanes = append(lanes, &lane{rival: r, server: r.begin(b, dialect, upstream.addr)})
		}
	}
	fmt.Printf("\n| %s, load | router | requests/s | CPU a request, µs | : native | latency p50, µs | added : native | "+
		"first byte p50, µs | : native |\n|---|---|---|---|---|---|---|---|---|\n", dialect)
	for _, load := range []struct {
		name     string
		clients  int
		size     int
		isStream bool
	}{
		{"1 kB, 1 client", 1, 1 << 10, false},
		{"1 kB, 8 clients", 8, 1 << 10, false},
		{"256 kB, 8 clients", 8, 256 << 10, false},
		{"64 streams", 64, 1 << 10, true},
	} {
		body := conversation(dialect, load.size, load.isStream)
		measureLanes(b, lanes, load.clients, "/v1/"+dialect, body)
		for _, l := range lanes {
			fmt.Println(l.row(load.name, lanes[0], lanes[1]))
		}
	}
	fmt.Printf("\n| %s, after all loads | resident memory, MB |\n|---|---|\n", dialect)
	for _, l := range lanes[1:] {
		usage, err := process.ReadUsage(b.Context(), l.cmd.Process.Pid)
		if err != nil {
			b.Fatal(err)
		}
		fmt.Printf("| %s | %d |\n", l.name, usage.RSS/1e6)
	}
}

// measureLanes loads the lanes in turns. The first round warms them up and does not count.
func measureLanes(b *testing.B, lanes []*lane, clients int, path string, body []byte) {
	for _, l := range lanes {
		l.answered, l.failed, l.cpu, l.took, l.latency, l.first = 0, nil, 0, 0, nil, nil
	}
	for round := range sideBySideRounds + 1 {
		order := slices.Clone(lanes)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, l := range order {
			if l.isSlow && round > slowRounds {
				continue
			}
			l.load(b, clients, path, body, round > 0)
		}
	}
}

// load has clients send body for one slice of time.
func (l *lane) load(b *testing.B, clients int, path string, body []byte, counts bool) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, WriteBufferSize: 64 << 10, DisableCompression: true}
	defer transport.CloseIdleConnections()
	slice := fastSlice
	if l.isSlow {
		slice = slowSlice
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	before, err := process.ReadUsage(b.Context(), l.cmd.Process.Pid)
	if err != nil {
		b.Fatalf("%s has ended: %v", l.name, err)
	}
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(start) < slice {
				sent := time.Now()
				first, err := sendOnce(transport, "http://"+l.addr+path, body)
				took := time.Since(sent)
				mu.Lock()
				switch {
				case err != nil:
					l.failed = err
				case counts:
					l.answered++
					l.latency, l.first = append(l.latency, took), append(l.first, first)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	after, err := process.ReadUsage(b.Context(), l.cmd.Process.Pid)
	if err != nil {
		b.Fatalf("%s has ended: %v", l.name, err)
	}
	if counts {
		l.cpu, l.took = l.cpu+after.CPU-before.CPU, l.took+time.Since(start)
	}
}

// row is the lane's line of the table.
func (l *lane) row(load string, direct, native *lane) string {
	if l.answered == 0 || l.failed != nil {
		return fmt.Sprintf("| %s | %s | failed: %v |", load, l.name, l.failed)
	}
	cells := []string{load, l.name, fmt.Sprintf("%.0f", float64(l.answered)/l.took.Seconds())}
	if l == direct {
		cells = append(cells, "", "", micros(median(l.latency)), "", micros(median(l.first)), "")
		return "| " + strings.Join(cells, " | ") + " |"
	}
	own, other := l.cpu.Seconds()/float64(l.answered), native.cpu.Seconds()/float64(native.answered)
	added := func(of *lane) float64 { return float64(median(of.latency) - median(direct.latency)) }
	cells = append(cells, fmt.Sprintf("%.0f", own*1e6), fmt.Sprintf("%.2f×", own/other),
		micros(median(l.latency)), fmt.Sprintf("%.2f×", added(l)/added(native)),
		micros(median(l.first)), fmt.Sprintf("%.2f×", float64(median(l.first))/float64(median(native.first))))
	return "| " + strings.Join(cells, " | ") + " |"
}

func micros(d time.Duration) string { return fmt.Sprint(d.Microseconds()) }

func median(list []time.Duration) time.Duration {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

// awaitAnswer waits until the server answers a request well.
func (s *server) awaitAnswer(dialect string) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	body := conversation(dialect, 1<<10, false)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, err := sendOnce(transport, "http://"+s.addr+"/v1/"+dialect, body)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// printCommands prints how long commands take from exec to exit, and the router from exec
// to ready: medians with quartiles.
func printCommands(b *testing.B) {
	dir := initialised(b)
	file := writeSettings(b, "settings.yaml", routerSettings("127.0.0.1:9", ""))
	commands := []string{"version", "config:show", "status"}
	took := map[string][]time.Duration{}
	for range sideBySideStarts {
		for _, name := range commands {
			cmd := exec.Command(binary, name)
			cmd.Dir = dir
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%s: %v\n%s", name, err, out)
			}
			took[name] = append(took[name], time.Since(start))
		}
		took["router:serve, exec to ready"] = append(took["router:serve, exec to ready"], ready(b, file))
	}
	fmt.Printf("\nOn %s/%s, %d cores\n\n| command | median, ms | quartiles |\n|---|---|---|\n", runtime.GOOS,
		runtime.GOARCH, runtime.NumCPU())
	for _, name := range append(commands, "router:serve, exec to ready") {
		list := took[name]
		slices.Sort(list)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		fmt.Printf("| %s | %.1f | %.1f–%.1f |\n", name, ms(median(list)), ms(list[len(list)/4]), ms(list[3*len(list)/4]))
	}
}
