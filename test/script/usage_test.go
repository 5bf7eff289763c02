package script_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	usage "github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// gateway is an installation whose router runs.
type gateway struct{ dir, url, key string }

// startGateway sets an installation up and starts it until the test ends.
func startGateway(t *testing.T) gateway {
	t.Helper()
	return startGatewayBy(t, "")
}

// startGatewayBy is startGateway with a command that starts the supervisor in its own process.
func startGatewayBy(t *testing.T, command string) gateway {
	t.Helper()
	ports := tourPorts(t)
	g := gateway{dir: t.TempDir(), url: "http://127.0.0.1:" + ports.Replace("4000")}
	t.Cleanup(func() { _, _ = shell(t, g.dir, binary+" stop") })
	g.run(t, "init -port="+ports.Replace("4000")+" -upstream-port="+ports.Replace("8317"))
	if out, err := shell(t, g.dir, command+" "+binary+" start"); err != nil {
		t.Fatalf("start: %v: %s", err, out)
	}
	key, err := os.ReadFile(filepath.Join(g.dir, ".router", "secrets", "gateway.key"))
	if err != nil {
		t.Fatal(err)
	}
	g.key = strings.TrimSpace(string(key))
	return g
}

// run runs a command of the program in the installation and returns what it printed.
func (g gateway) run(t *testing.T, command string) string {
	t.Helper()
	out, err := shell(t, g.dir, binary+" "+command)
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return out
}

// ask asks the router for a chat as a client with that User-Agent.
func (g gateway) ask(t *testing.T, client *http.Client, agent string) error {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/v1/chat/completions",
		strings.NewReader(`{"model":"router-default","messages":[{"role":"user","content":"hi"}]}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+g.key)
	req.Header.Set("User-Agent", agent)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

// askUntilItFails asks on one connection, with a number in each User-Agent, and returns when
// each answer was there.
func (g gateway) askUntilItFails(t *testing.T, worker int) (answered []time.Time) {
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	for {
		if g.ask(t, client, fmt.Sprintf("load/%d-%d", worker, len(answered))) != nil {
			return answered
		}
		answered = append(answered, time.Now())
	}
}

// late is how much longer than the batch interval a batch may wait for a processor that other work
// has, too: the load itself, and the other tests.
const late = 3 * time.Second

// TestAKilledRouterLosesTheRowsOfOneBatchAtMost kills the router of the compiled program with
// SIGKILL while four clients ask it without a pause. After its restart, each client's rows are
// there from the first one on without a hole; those that are not were answered within the batch
// interval of docs/usage.md before the kill; and reports agree with the rows.
func TestAKilledRouterLosesTheRowsOfOneBatchAtMost(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(root + "/docs/usage.md")
	if err != nil || usage.BatchInterval != time.Second || !strings.Contains(string(page), "once a second") {
		t.Fatalf("docs/usage.md does not state the batch interval %v, %v", usage.BatchInterval, err)
	}
	g := startGateway(t)
	var answered [4][]time.Time
	var workers sync.WaitGroup
	for i := range answered {
		workers.Go(func() { answered[i] = g.askUntilItFails(t, i) })
	}
	waitFor(t, "rows of several batches", func() bool {
		out, _ := shell(t, g.dir, binary+" usage:report -jq .data.total.requests")
		return len(strings.TrimSpace(out)) >= 3
	})
	entries := readUnverified(filepath.Join(g.dir, ".router", "runtime", "supervisor.json")).Services
	router := entries[slices.IndexFunc(entries, func(e ledger.Entry) bool { return e.Name == "litellm" })]
	killed := time.Now()
	if err := router.Process.SignalGroup(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	workers.Wait()
	waitFor(t, "the router's restart", func() bool { return g.ask(t, http.DefaultClient, "after/1") == nil })
	g.run(t, "stop")
	rows := g.run(t, "usage:export")
	for worker, answers := range answered {
		kept := strings.Count(rows, fmt.Sprintf(`"user_agent":"load/%d-`, worker))
		for i := range min(kept, len(answers)) {
			if !strings.Contains(rows, fmt.Sprintf(`"user_agent":"load/%d-%d"`, worker, i)) {
				t.Fatalf("client %d: row %d of %d is missing", worker, i, kept)
			}
		}
		if kept < len(answers) && killed.Sub(answers[kept]) > usage.BatchInterval+late {
			t.Errorf("client %d: an answer %v before the kill has no row; %d of %d have one", worker,
				killed.Sub(answers[kept]), kept, len(answers))
		}
	}
	g.checkLedgerIsWhole(t, rows)
}

// checkLedgerIsWhole compares reports with the rows, and asks doctor.
func (g gateway) checkLedgerIsWhole(t *testing.T, rows string) {
	t.Helper()
	total := g.run(t, "usage:report -by=session -jq '.data.total.requests,([.data.lines[].requests]|add)'")
	if want := strings.Count(rows, "\n"); total != fmt.Sprintf("%d\n%d\n", want, want) || !strings.Contains(rows, `"after/1"`) {
		t.Errorf("the sums are %q, and there are %d rows", total, want)
	}
	if verdict := g.run(t, "doctor -only=usage.ledger -jq '.checks[]|select(.id==\"usage.ledger\").status' -raw"); verdict != "pass\n" {
		t.Errorf("doctor says %s", verdict)
	}
	if aside, _ := filepath.Glob(filepath.Join(g.dir, ".router", "usage", "*.torn-*")); len(aside) > 0 {
		t.Errorf("a damaged file was set aside: %v", aside)
	}
}

// TestRequestsAreFollowed reads what comes while requests are made, then presses Ctrl-C; and lets
// the reader leave.
func TestRequestsAreFollowed(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	follow := exec.CommandContext(t.Context(), binary, "requests", "-follow", "-n=1")
	follow.Dir = g.dir
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i := range 3 { // the first one comes into a ledger that may not be there yet
		agent := fmt.Sprint("asking/", i)
		if err := g.ask(t, http.DefaultClient, agent); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() || gjson.GetBytes(lines.Bytes(), "user_agent").String() != agent {
			t.Fatalf("%s, not the row of %s", lines.Bytes(), agent)
		}
	}
	if err := follow.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || gjson.GetBytes(lines.Bytes(), "error.code").String() != "interrupted" {
		t.Errorf("the last line is %s", lines.Bytes())
	}
	if _ = follow.Wait(); follow.ProcessState.ExitCode() != 130 {
		t.Errorf("exit status %d after Ctrl-C", follow.ProcessState.ExitCode())
	}
	left, err := shell(t, g.dir, "{ timeout 60 "+binary+" requests -follow 2>err; echo $? >>err; } | head -1 >row; cat err")
	if err != nil || left != "0\n" {
		t.Errorf("after its reader had left: %v: %s", err, left)
	}
}

// TestUsageFitsATerminal prints reports at several widths.
func TestUsageFitsATerminal(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	if err := g.ask(t, http.DefaultClient, "a-client-with-a-long-name-and-a-version/1.2.3"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the row", func() bool { return strings.HasPrefix(g.run(t, "usage:report -jq .data.total.requests"), "1") })
	for _, width := range []uint16{60, 80, 200} {
		for _, args := range [][]string{{"usage:report"}, {"usage:report", "-by=model"}, {"usage:prices"}, {"requests"},
			{"usage:gate", "-max-cost=1", "-within=24h"}} {
			out, code := terminal(t, g.dir, width, []string{"NO_COLOR=1"}, args...)
			out = lastScreen(out)
			hasCost := args[0] != "usage:report" || strings.Contains(out, "$0.0000")
			if code != 0 || strings.Contains(out, "flowgate.report/v1") || !hasCost {
				t.Errorf("%v at %d: exit %d\n%s", args, width, code, out)
			}
			for line := range strings.Lines(out) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > int(width) {
					t.Errorf("%v at %d: %d columns: %s", args, width, n, line)
				}
			}
		}
	}
}
