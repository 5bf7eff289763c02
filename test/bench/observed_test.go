package bench_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/metric"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/test/metrics"
)

// ownerKey is the gateway key of the router that observes: benchKey, which the load sends, is a named key there.
const ownerKey = "sk-bench-owner-0123456789"

// turnLength is how much longer a turn of BenchmarkObserved is than one of BenchmarkPairs, unless
// FLOWGATE_BENCH_TURN says so.
const turnLength = 4

// The lanes of BenchmarkObserved, in the order in which the first set starts them.
const (
	observes   = iota // router:serve with the usage ledger, a named key as key:create makes it, metrics
	countsOnly        // router:serve without a ledger and keys: it counts metrics
	attached          // the router with all three, in a process of this test's program
	limited           // the same with a key that has every limit
	bare              // the same without any of them
	forwards          // httputil.ReverseProxy
	observedLanes
)

// comparisons are the lanes that are compared, and what the tables say of them. router:serve always counts metrics;
// so what all three cost is measured in one other program, which has the router twice.
var comparisons = [...]struct {
	this, other int
	name        string
}{
	{attached, bare, "all three : none, in one program"},
	{limited, bare, "all three, a key with every limit : none, in one program"},
	{observes, countsOnly, "`router:serve`, all three : metrics alone"},
	{observes, forwards, "`router:serve`, all three : ReverseProxy"},
}

// BenchmarkObserved prints what the usage ledger, named keys and metrics cost: the router with all of them in turns
// with one that has none, and with httputil.ReverseProxy, each a process of its own before the same upstream
// (comparisons). Give it -benchtime 1x. Each round has processes of its own, because two of one program differ by several
// percent as long as they run; in every other round they are started in the reverse order (see BenchmarkPairs).
//
// A lane's CPU in a round is what its process used from the begin of its turn until all rows, and what the key has spent,
// are written.
func BenchmarkObserved(b *testing.B) {
	upstream := startRole(b, "upstream", "")
	for b.Loop() {
		program := copyProgram(b, binary)
		loads, path := pairLoads()
		length, err := strconv.Atoi(cmp.Or(os.Getenv("FLOWGATE_BENCH_TURN"), strconv.Itoa(turnLength)))
		if err != nil {
			b.Fatal(err)
		}
		for l := range loads { // turns of about a second: the files are written once or twice, as under a lasting load
			loads[l].requests *= length
		}
		costs := make([]observedCosts, len(loads))
		for round := range pairRounds {
			o := startObserved(b, program, upstream.addr, round%2 == 1)
			for l, load := range loads {
				o.measure(b, load, path, round, &costs[l])
			}
			o.check(b)
		}
		printObserved(loads, costs)
	}
}

// observedCosts are what comparisons has compared.
type observedCosts struct{ cpu, latency [len(comparisons)]pairs }

// observed is the processes of all lanes.
type observed struct {
	lanes   [observedLanes]side
	folders [observedLanes]string // of the ledger and the keys; empty: the lane has none
	sent    int                   // to each lane
}

// startObserved starts the lanes.
func startObserved(b *testing.B, program, upstream string, isReversed bool) *observed {
	b.Helper()
	o := &observed{}
	for _, lane := range [...]int{observes, attached, limited} {
		o.folders[lane] = b.TempDir()
		writeNamedKey(b, o.folders[lane], lane == limited)
	}
	text := strings.ReplaceAll(routerSettings(upstream, ""), "openai/up", "openai/gpt-4o") // a model with a price
	plain := writeSettings(b, "settings.yaml", text)
	owned := writeSettings(b, "owned.yaml", strings.ReplaceAll(text, benchKey, ownerKey))
	for i := range observedLanes {
		if isReversed {
			i = observedLanes - 1 - i
		}
		addr := fmt.Sprintf("127.0.0.1:%d", tcptest.FreePort(b))
		_, port, _ := strings.Cut(addr, ":")
		var cmd *exec.Cmd
		switch i {
		case observes:
			cmd = exec.Command(program, "router:serve", "-port="+port, "-usage="+o.folders[i],
				"-keys="+o.folders[i], "-settings="+owned)
		case countsOnly:
			cmd = exec.Command(program, "router:serve", "-port="+port, "-settings="+plain)
		case attached, limited, bare:
			cmd = exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "BENCH_ROLE=router", "BENCH_ADDR="+addr, "BENCH_TARGET="+plain)
			if i != bare {
				cmd.Env = append(cmd.Env, "BENCH_TARGET="+owned, "BENCH_FOLDER="+o.folders[i])
			}
		case forwards:
			o.lanes[i] = side{server: startRole(b, "reverseproxy", upstream)}
			continue
		}
		o.lanes[i] = side{server: startServer(b, addr, cmd)}
	}
	return o
}

// writeNamedKey makes benchKey a named key, with every limit or none. No limit is ever reached.
func writeNamedKey(b *testing.B, folder string, isLimited bool) {
	b.Helper()
	token, now := clientkey.HashToken(benchKey), time.Now().UTC()
	var limits clientkey.Limits
	if isLimited {
		limits = clientkey.Limits{Models: []string{"m"}, RPM: lo.ToPtr[int64](1e9), TPM: lo.ToPtr[int64](1e12),
			MaxParallel: lo.ToPtr[int64](1e6), MaxBudget: lo.ToPtr(1e6), BudgetDuration: "7d"}
	}
	text, err := json.Marshal(map[string]any{"version": 1, "keys": []clientkey.Key{{Token: token, TokenID: token,
		Alias: "bench", KeyName: "sk-...6789", Limits: limits, CreatedAt: now, UpdatedAt: now}}})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, clientkey.FileName), text, 0o600); err != nil {
		b.Fatal(err)
	}
}

// serveRouter serves a router until SIGTERM; with a folder for the ledger and the keys, all three are attached to it as
// router:serve attaches them.
func serveRouter() {
	loaded, err := settings.Load(os.Getenv("BENCH_TARGET"), os.Getenv)
	if err != nil {
		panic(err)
	}
	debug.SetMemoryLimit(512 << 20) // as router:serve does
	defer memory.StartCollector().Stop()
	var o router.Options
	if folder := os.Getenv("BENCH_FOLDER"); folder != "" {
		log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
		o.Metrics, o.Keys = metric.New(loaded), keylimit.Open(folder, keylimit.Options{Logger: log})
		rows := ledger.Start(folder, ledger.Options{Logger: log, Redact: redact.Words})
		prices := &price.Pricer{Folder: folder, Logger: log}
		o.Recorder = func(r *record.Request) {
			prices.Price(r)
			o.Keys.Count(r)
			o.Metrics.Count(r)
			rows.Add(r)
		}
		defer func() { _, _ = o.Keys.Close(), rows.Close() }()
	}
	handler, err := router.New(loaded, o)
	if err != nil {
		panic(err)
	}
	if err := listen.Serve(context.Background(), os.Getenv("BENCH_ADDR"), handler, listen.Options{}); err != nil {
		panic(err)
	}
}

// measure sends one load to all lanes in turns, twice: the first time warms them up. first is the lane with the first
// turn.
func (o *observed) measure(b *testing.B, load pairLoad, path string, first int, costs *observedCosts) {
	var used [3][observedLanes]time.Duration // at the begin of each turn, and when all is written
	var latency [observedLanes]time.Duration
	for turn := range 2 {
		for i := range observedLanes {
			i = (first + turn + i) % observedLanes
			used[turn][i] = o.cpu(b, i)
			latency[i] = o.lanes[i].load(b, load.requests, load.client, path, load.body).latency
		}
		o.sent += load.requests
	}
	for _, folder := range o.folders {
		if folder != "" {
			awaitRows(b, folder, int64(o.sent))
			awaitSpend(b, folder, int64(o.sent))
		}
	}
	for i := range observedLanes {
		used[2][i] = o.cpu(b, i)
	}
	for i, c := range comparisons {
		of := func(lane int) time.Duration { return (used[2][lane] - used[1][lane]) / time.Duration(load.requests) }
		costs.cpu[i].add(of(c.this), of(c.other))
		costs.latency[i].add(latency[c.this], latency[c.other])
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

// check ends the lanes, after it has seen that the first one counted each request.
func (o *observed) check(b *testing.B) {
	b.Helper()
	_, text, err := metrics.Scrape(b.Context(), "http://"+o.lanes[observes].addr, ownerKey)
	if want := fmt.Sprintf("} %d\n", o.sent); err != nil || !strings.Contains(text, want) {
		b.Fatalf("no metric says %q: %v", want, err)
	}
	for i := range observedLanes {
		o.lanes[i].end()
	}
}

// awaitSpend waits until the key has spent something for so many requests.
func awaitSpend(b *testing.B, folder string, requests int64) {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		spent, err := clientkey.ReadSpend(folder)
		key := spent[clientkey.HashToken(benchKey)]
		if err == nil && key.Requests == requests && key.Spend > 0 {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("the key has spent %+v in %d requests: %v", key, requests, err)
		}
	}
}

// printObserved prints the tables.
func printObserved(loads []pairLoad, costs []observedCosts) {
	const head = "\n| load | | %s, µs | of the other | ratio (quartiles, range) |\n|---|---|---|---|---|\n"
	for _, what := range []struct {
		name string
		of   func(*observedCosts) *[len(comparisons)]pairs
	}{
		{"CPU a request", func(c *observedCosts) *[len(comparisons)]pairs { return &c.cpu }},
		{"median latency", func(c *observedCosts) *[len(comparisons)]pairs { return &c.latency }},
	} {
		fmt.Printf(head, what.name)
		for l, load := range loads {
			for i, c := range comparisons {
				fmt.Printf("| %s | %s | %s |\n", load.name, c.name, what.of(&costs[l])[i].cells(time.Microsecond))
			}
		}
	}
	fmt.Printf("\non %s/%s, %d cores\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
