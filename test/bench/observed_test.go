package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/test/metrics"
)

// ownerKey is the gateway key of the router that observes: benchKey, which the load sends, is a named key there.
const ownerKey = "sk-bench-owner-0123456789"

// turnLength is how much longer a turn of BenchmarkObserved is than one of BenchmarkPairs.
const turnLength = 4

// The lanes of BenchmarkObserved, in the order in which the first half of the rounds starts them.
const (
	observes   = iota // router:serve with the usage ledger, a named key with limits, metrics
	countsOnly        // router:serve without a ledger and keys: it counts metrics
	bare              // the router without any of them, in a process of this test's program
	forwards          // httputil.ReverseProxy
	observedLanes
)

// laneNames are what the tables say of the lanes that the first one is compared with.
var laneNames = [observedLanes]string{"", "metrics alone", "none of them", "ReverseProxy"}

// BenchmarkObserved prints what the usage ledger, named keys and metrics cost: the router with all of them in turns
// with one that has none, and with httputil.ReverseProxy, each a process of its own before the same upstream. Give it
// -benchtime 1x. Half of the rounds go to processes that were started in the reverse order (see BenchmarkPairs).
//
// A lane's CPU in a round is what its process used from the begin of its turn to the begin of its next one, so that
// rows which are written after the replies count.
func BenchmarkObserved(b *testing.B) {
	upstream := startRole(b, "upstream", "")
	for b.Loop() {
		program := copyProgram(b, binary)
		loads, path := pairLoads()
		for l := range loads { // turns of about a second, in which the files are written once or twice, as under a lasting load
			loads[l].requests *= turnLength
		}
		costs := make([]observedCosts, len(loads))
		for half := range 2 {
			o := startObserved(b, program, upstream.addr, half == 1)
			for l, load := range loads {
				o.measure(b, load, path, &costs[l], (pairRounds+1-half)/2)
			}
			o.check(b)
		}
		printObserved(loads, costs)
	}
}

// observedCosts compare the lane that observes with each of the others.
type observedCosts struct{ cpu, latency [observedLanes]pairs }

// observed is the processes of all lanes.
type observed struct {
	lanes  [observedLanes]side
	folder string // of the ledger and the keys
	sent   int    // to each lane
}

// startObserved starts the lanes.
func startObserved(b *testing.B, program, upstream string, isReversed bool) *observed {
	b.Helper()
	o := &observed{folder: b.TempDir()}
	writeNamedKey(b, o.folder)
	text := strings.ReplaceAll(routerSettings(upstream, ""), "openai/up", "openai/gpt-4o") // a model with a price
	plain := writeSettings(b, "settings.yaml", text)
	for i := range observedLanes {
		if isReversed {
			i = observedLanes - 1 - i
		}
		addr := unusedAddr(b)
		_, port, _ := strings.Cut(addr, ":")
		var cmd *exec.Cmd
		switch i {
		case observes:
			cmd = exec.Command(program, "router:serve", "-port="+port, "-usage="+o.folder, "-keys="+o.folder,
				"-settings="+writeSettings(b, "owned.yaml", strings.ReplaceAll(text, benchKey, ownerKey)))
		case countsOnly:
			cmd = exec.Command(program, "router:serve", "-port="+port, "-settings="+plain)
		case bare:
			cmd = exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "BENCH_ROLE=bare", "BENCH_ADDR="+addr, "BENCH_TARGET="+plain,
				"GOGC=125", "GOMEMLIMIT=512MiB") // as router:serve sets them
		case forwards:
			o.lanes[i] = side{server: startRole(b, "reverseproxy", upstream)}
			continue
		}
		o.lanes[i] = side{server: startServer(b, addr, cmd)}
	}
	return o
}

// writeNamedKey makes benchKey a named key with each limit, none of which is ever reached.
func writeNamedKey(b *testing.B, folder string) {
	b.Helper()
	token, now := clientkey.HashToken(benchKey), time.Now().UTC()
	limits := clientkey.Limits{Models: []string{"m"}, RPM: lo.ToPtr[int64](1e9), TPM: lo.ToPtr[int64](1e12),
		MaxParallel: lo.ToPtr[int64](1e6), MaxBudget: lo.ToPtr(1e6), BudgetDuration: "7d"}
	text, err := json.Marshal(map[string]any{"version": 1, "keys": []clientkey.Key{{Token: token, TokenID: token,
		Alias: "bench", KeyName: "sk-...6789", Limits: limits, CreatedAt: now, UpdatedAt: now}}})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, clientkey.FileName), text, 0o600); err != nil {
		b.Fatal(err)
	}
}

// serveBare serves a router to which nothing is attached, until SIGTERM.
func serveBare() {
	loaded, err := settings.Load(os.Getenv("BENCH_TARGET"), os.Getenv)
	if err != nil {
		panic(err)
	}
	handler, err := router.New(loaded, router.Options{})
	if err != nil {
		panic(err)
	}
	panic(listen.Serve(context.Background(), os.Getenv("BENCH_ADDR"), handler, listen.Options{}))
}

// measure sends one load to all lanes in turns, another one first in each round. The first round warms them up.
func (o *observed) measure(b *testing.B, load pairLoad, path string, costs *observedCosts, rounds int) {
	var used, latency [observedLanes][]time.Duration
	for round := range rounds + 1 {
		for turn := range observedLanes {
			i := (round + turn) % observedLanes
			used[i] = append(used[i], o.cpu(b, i))
			latency[i] = append(latency[i], o.lanes[i].load(b, load.requests, load.client, path, load.body).latency)
		}
		o.sent += load.requests
	}
	awaitRows(b, o.folder, int64(o.sent))
	for i := range observedLanes {
		used[i] = append(used[i], o.cpu(b, i))
	}
	for round := 1; round <= rounds; round++ {
		of := func(i int) time.Duration { return (used[i][round+1] - used[i][round]) / time.Duration(load.requests) }
		for i := range observedLanes {
			costs.cpu[i].add(of(observes), of(i))
			costs.latency[i].add(latency[observes][round], latency[i][round])
		}
	}
}

// cpu returns what the process of a lane has used.
func (o *observed) cpu(b *testing.B, lane int) time.Duration {
	b.Helper()
	used, err := processTime(b.Context(), o.lanes[lane].cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	return used
}

// check ends the lanes, after it has seen that the first one counted each request and its cost.
func (o *observed) check(b *testing.B) {
	b.Helper()
	_, text, err := metrics.Scrape(b.Context(), "http://"+o.lanes[observes].addr, ownerKey)
	if want := fmt.Sprintf("} %d\n", o.sent); err != nil || !strings.Contains(text, want) {
		b.Fatalf("no metric says %q: %v", want, err)
	}
	for i := range observedLanes {
		o.lanes[i].end()
	}
	spent, err := clientkey.ReadSpend(o.folder)
	if key := spent[clientkey.HashToken(benchKey)]; err != nil || key.Requests != int64(o.sent) || key.Spend <= 0 {
		b.Fatalf("the key has spent %+v in %d requests: %v", key, o.sent, err)
	}
}

// printObserved prints the tables.
func printObserved(loads []pairLoad, costs []observedCosts) {
	const head = "\n| load | against | %s, µs | of the other | ratio (quartiles, range) |\n|---|---|---|---|---|\n"
	for _, what := range []struct {
		name string
		of   func(*observedCosts) *[observedLanes]pairs
	}{
		{"CPU a request", func(c *observedCosts) *[observedLanes]pairs { return &c.cpu }},
		{"median latency", func(c *observedCosts) *[observedLanes]pairs { return &c.latency }},
	} {
		fmt.Printf(head, what.name)
		for l, load := range loads {
			for i := 1; i < observedLanes; i++ {
				fmt.Printf("| %s | %s | %s |\n", load.name, laneNames[i], what.of(&costs[l])[i].cells(time.Microsecond))
			}
		}
	}
	fmt.Printf("\non %s/%s, %d cores\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
