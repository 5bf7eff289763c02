package bench_test

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// Rounds of BenchmarkPairs; in each the two sides take turns, and the first changes.
const (
	pairRounds = 25
	pairStarts = 60 // of each command
)

// BenchmarkPairs compares this commit's program with another one, or two configurations of one
// program, and prints ratios with quartiles: docs/benchmarks.md says how. Give it -benchtime 1x.
// Without any of the variables it compares the program with itself, which shows the noise.
//
// FLOWGATE_BENCH_OTHER is the other program; FLOWGATE_BENCH_SETTINGS and
// FLOWGATE_BENCH_OTHER_SETTINGS are files for router:serve, in which UPSTREAM stands for the address
// of the upstream; FLOWGATE_BENCH_FLAGS and FLOWGATE_BENCH_OTHER_FLAGS are further flags of it;
// FLOWGATE_BENCH_DIALECT is chat, messages or responses; FLOWGATE_BENCH_LOAD is a part of the name of the loads
// to send, as "streams", without the starts of commands.
//
// Of two processes of the same program, the one that was started first needs up to 4 % less CPU. Therefore
// the first half of the rounds is sent to one pair of routers, and the second to another that was started in the
// other order.
func BenchmarkPairs(b *testing.B) {
	other := cmp.Or(os.Getenv("FLOWGATE_BENCH_OTHER"), binary)
	upstream := startRole(b, "upstream", "")
	for b.Loop() {
		this, other := copyProgram(b, binary), copyProgram(b, other)
		if os.Getenv("FLOWGATE_BENCH_LOAD") == "" {
			printStarts(b, this, other)
		}
		printLoads(b, func(i int) side {
			name := "FLOWGATE_BENCH_" + [2]string{"", "OTHER_"}[i]
			return startSide(b, [2]string{this, other}[i], name+"SETTINGS", name+"FLAGS", upstream.addr)
		})
	}
}

// copyProgram copies a program and returns the copy's path. A linker writes a file in small
// pieces, and the kernel keeps them so: what has just been linked starts up to 1 ms slower.
func copyProgram(b *testing.B, path string) string {
	b.Helper()
	program, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	path = filepath.Join(b.TempDir(), "flowgate")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		b.Fatal(err)
	}
	return path
}

// side is one of the two routers that are compared.
type side struct {
	*server
	trace *bytes.Buffer // what its garbage collector says
}

// startSide starts a router with the settings and flags in the variables of these names.
func startSide(b *testing.B, program, settings, flags, upstream string) side {
	b.Helper()
	text := routerSettings(upstream, "")
	if file := os.Getenv(settings); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		text = strings.ReplaceAll(string(content), "UPSTREAM", upstream)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", tcptest.FreePort(b))
	_, port, _ := strings.Cut(addr, ":")
	words := []string{"router:serve", "-settings=" + writeSettings(b, "settings.yaml", text), "-port=" + port}
	cmd := exec.Command(program, append(words, strings.Fields(os.Getenv(flags))...)...)
	trace := &bytes.Buffer{} // is read when the process has ended
	cmd.Env, cmd.Stderr = append(os.Environ(), "GODEBUG=gctrace=1"), trace
	return side{startServer(b, addr, cmd), trace}
}

// pairLoad is a load of BenchmarkPairs.
type pairLoad struct {
	name             string
	requests, client int // in a round; at once
	body             []byte
}

// pairLoads returns the loads, and the path of their requests.
func pairLoads() (loads []pairLoad, path string) {
	dialect := cmp.Or(os.Getenv("FLOWGATE_BENCH_DIALECT"), "chat")
	body := func(size int, isStream bool) []byte {
		if dialect == "chat" {
			return request(size, isStream)
		}
		return conversation(dialect, size, isStream)
	}
	all := []pairLoad{
		{"1 kB, 8 clients", 2000, 8, body(1<<10, false)},
		{"256 kB, 8 clients", 400, 8, body(256<<10, false)},
		{"64 streams", 256, 64, body(1<<10, true)},
	}
	isLeftOut := func(l pairLoad) bool { return !strings.Contains(l.name, os.Getenv("FLOWGATE_BENCH_LOAD")) }
	return slices.DeleteFunc(all, isLeftOut), "/v1/" + strings.Replace(dialect, "chat", "chat/completions", 1)
}

// printLoads prints what requests cost the two routers under each load, and their memory. start starts
// the router of this program (0) or of the other (1).
func printLoads(b *testing.B, start func(i int) side) {
	loads, path := pairLoads()
	cpu, latency := make([]pairs, len(loads)), make([]pairs, len(loads))
	var memory [2]strings.Builder
	for half := range 2 {
		var sides [2]side
		sides[half] = start(half)
		sides[1-half] = start(1 - half)
		sent := 0
		for l, load := range loads {
			for round := range (pairRounds+1-half)/2 + 1 { // the first one warms up
				costs := [2]spent{}
				for turn := range 2 {
					i := (round + turn) % 2
					costs[i] = sides[i].load(b, load.requests, load.client, path, load.body)
				}
				sent += load.requests
				if round > 0 {
					cpu[l].add(costs[0].cpu, costs[1].cpu)
					latency[l].add(costs[0].latency, costs[1].latency)
				}
			}
		}
		writeMemory(b, &memory[half], sides, sent)
	}
	fmt.Printf("\n| load | CPU a request, µs | other | ratio (quartiles, range) | median latency, µs | other | " +
		"ratio (quartiles, range) |\n|---|---|---|---|---|---|---|\n")
	for l, load := range loads {
		fmt.Printf("| %s | %s | %s |\n", load.name, cpu[l].cells(time.Microsecond), latency[l].cells(time.Microsecond))
	}
	for half, started := range [2]string{"this", "the other"} {
		fmt.Printf("\n| memory, %s started first | this | other |\n|---|---|---|\n%s", started, memory[half].String())
	}
	fmt.Printf("\non %s/%s, %d cores\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// spent is what a request of one round costs a router, or a command.
type spent struct{ cpu, latency time.Duration }

// load sends so many requests from so many clients and returns what one of them costs.
func (s side) load(b *testing.B, requests, clients int, path string, body []byte) spent {
	transport := &http.Transport{MaxIdleConnsPerHost: clients, WriteBufferSize: 64 << 10, DisableCompression: true}
	defer transport.CloseIdleConnections()
	before, err := processTime(b.Context(), s.cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	took := make([]time.Duration, requests)
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for i := client; i < requests; i += clients {
				began := time.Now()
				if _, err := sendOnce(transport, "http://"+s.addr+path, body); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	after, err := processTime(b.Context(), s.cmd.Process.Pid)
	if err != nil || b.Failed() {
		b.Fatal(err)
	}
	return spent{(after - before) / time.Duration(requests), median(took)}
}

// writeMemory writes the memory of the routers after all loads and 5 s later, ends them, and
// writes what a request allocated.
func writeMemory(b *testing.B, to *strings.Builder, sides [2]side, sent int) {
	for _, wait := range []time.Duration{0, 5 * time.Second} {
		time.Sleep(wait)
		fmt.Fprintf(to, "| resident (of the program's file), MB, after %v |", wait)
		for _, s := range sides {
			usage, err := process.ReadUsage(b.Context(), s.cmd.Process.Pid)
			if err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(to, " %.1f (%.1f) |", float64(usage.RSS)/1e6, float64(fileMemory(s.cmd.Process.Pid))/1e6)
		}
		fmt.Fprintln(to)
	}
	fmt.Fprint(to, "| allocated a request, kB, by the trace |")
	for _, s := range sides {
		s.end()
		fmt.Fprintf(to, " %.1f |", allocated(s.trace.String())/1e3/float64(sent))
	}
	fmt.Fprintln(to)
}

// allocated returns how many bytes a program has allocated, from its garbage collector's trace
// (GODEBUG=gctrace=1, package runtime): a line "gc 7 @2.1s 1%: … 12->13->5 MB, …" says that the heap had 12 MB
// at the begin of a cycle, and what was in use after it, 5 MB. As all sizes are whole, the sum is wrong by up to a
// quarter where the heap is small: an allocation profile decides (GODEBUG=memprofilerate=1).
func allocated(trace string) (total float64) {
	inUse := 0.0
	for line := range strings.Lines(trace) {
		_, sizes, _ := strings.Cut(line, " ms cpu, ")
		var begin, end, next float64
		if n, _ := fmt.Sscanf(sizes, "%f->%f->%f MB", &begin, &end, &next); strings.HasPrefix(line, "gc ") && n == 3 {
			total, inUse = total+(begin-inUse)*(1<<20), next
		}
	}
	return total
}

// printStarts prints how long commands of the two programs take from exec to exit.
func printStarts(b *testing.B, this, other string) {
	dir := initialised(b)
	fmt.Printf("\n| command | CPU, ms | other | ratio (quartiles) | wall, ms | other | ratio (quartiles) |\n" +
		"|---|---|---|---|---|---|---|\n")
	for _, command := range []string{"version", "config:show", "status", "doctor", "security-check"} {
		var cpu, wall pairs
		for round := range pairStarts {
			costs := [2]spent{}
			for turn := range 2 {
				i := (round + turn) % 2
				cmd := exec.Command([2]string{this, other}[i], command)
				cmd.Dir = dir
				began := time.Now()
				if err := cmd.Run(); err != nil {
					b.Fatalf("%v: %v", cmd, err)
				}
				costs[i] = spent{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(began)}
			}
			cpu.add(costs[0].cpu, costs[1].cpu)
			wall.add(costs[0].latency, costs[1].latency)
		}
		fmt.Printf("| %s | %s | %s |\n", command, cpu.cells(time.Millisecond), wall.cells(time.Millisecond))
	}
}

// pairs holds what the rounds measured for both sides.
type pairs struct {
	this, other []time.Duration
	ratios      []float64
}

// add adds a round.
func (p *pairs) add(this, other time.Duration) {
	p.this, p.other = append(p.this, this), append(p.other, other)
	p.ratios = append(p.ratios, float64(this)/float64(other))
}

// cells returns the medians of both sides in units, and that of the rounds' ratios with
// their quartiles and range.
func (p *pairs) cells(unit time.Duration) string {
	slices.Sort(p.ratios)
	n := len(p.ratios)
	in := func(list []time.Duration) float64 { return float64(median(list)) / float64(unit) }
	return fmt.Sprintf("%.2f | %.2f | %.3f (%.3f–%.3f, %.3f–%.3f)", in(p.this), in(p.other), p.ratios[n/2],
		p.ratios[n/4], p.ratios[3*n/4], p.ratios[0], p.ratios[n-1])
}
