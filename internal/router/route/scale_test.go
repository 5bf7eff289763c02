//go:build !race

package route_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var update = flag.Bool("update", false, "rewrite the table of simulated routers in docs/scale.md")

// scaleFile is the document that has what the simulation of many routers gives.
const scaleFile = "../../../docs/scale.md"

// The marks between which the table stands.
const (
	tableBegins = "<!-- the simulation of many routers begins -->\n"
	tableEnds   = "<!-- the simulation of many routers ends -->"
)

// figure is a cell of the table, and what stands before its line.
type figure struct {
	what   string
	values []int
}

// variants are the ways in which routers may know of each other.
var variants = []struct {
	name string
	join func(*cluster)
}{
	{"each for itself", nil},
	{"sharing", shareAll},
	{"sharing, clocks up to a minute apart", shareWithOtherClocks},
}

// limitOfMany is the rpm of each deployment where limits are simulated: the requests of a minute need
// more of them.
const limitOfMany = 500

// simulateMany runs a simulation of many routers with settings.
func simulateMany(t *testing.T, yaml string, join func(*cluster)) (c *cluster) {
	synctest.Test(t, func(t *testing.T) {
		c = newCluster(t, strings.Replace(yaml, "num_retries: 0", "num_retries: 2", 1), 11, join)
		c.run()
	})
	return c
}

// measureFailures adds what a simulation with affinity and failing upstreams gives.
func measureFailures(c *cluster) []figure {
	fewest, most := c.spread(failuresBegin)
	moved, followed := c.movedWithoutReason()
	return []figure{
		{"requests that clients saw fail", []int{manyAsked - c.ended[200]}},
		{"requests that a second deployment was asked for", []int{c.retried}},
		{"requests refused by the one that says 429 and for how long", []int{c.failed["b"]}},
		{"requests refused by the one that says 500 at once", []int{c.failed["c"]}},
		{"requests refused by the one that says 503 after 3 s", []int{c.failed["d"]}},
		{"fewest and most requests to a deployment in the first minute, all well", []int{fewest, most}},
		{"most requests in a second to one that is well again, in its first half minute",
			[]int{c.busiestSecond("b", failuresEnd, failuresEnd+failuresBegin/2)}},
		{fmt.Sprintf("requests, of %d that follow one of their client, that moved although nothing had failed", followed),
			[]int{moved}},
	}
}

// limitedModels returns the settings of a simulation with limits.
func limitedModels() string {
	var limits []string
	for host := range strings.FieldsSeq(manyHosts) {
		limits = append(limits, fmt.Sprintf("%s rpm: %d", host, limitOfMany))
	}
	return models("usage-based-routing-v2", manyHosts, limits...)
}

// measureLimits adds what a simulation with limits gives.
func measureLimits(c *cluster) []figure {
	return []figure{{fmt.Sprintf("most requests in a minute to a deployment that may get %d", limitOfMany),
		[]int{c.busiestMinute()}}}
}

func TestTheDocumentHasTheFiguresOfTheSimulatedRouters(t *testing.T) {
	t.Parallel()
	var columns [][]figure
	var failing []*cluster
	header, rule := "| |", "|---|"
	for _, v := range variants {
		c := simulateMany(t, sticky("session_affinity", manyHosts), v.join)
		failing = append(failing, c)
		column := measureFailures(c)
		if v.join == nil {
			column = append(column, measureLimits(simulateMany(t, limitedModels(), nil))...)
		} else { // the double does not share the counters
			column = append(column, figure{})
		}
		columns = append(columns, column)
		header, rule = header+" "+v.name+" |", rule+"---|"
	}
	table := header + "\n" + rule + "\n"
	for i, line := range columns[0] {
		table += "| " + line.what + " |"
		for _, column := range columns {
			table += " " + column[i].text() + " |"
		}
		table += "\n"
	}
	compareTable(t, table)
	checkSharing(t, failing[0], failing[1])
	checkSharing(t, failing[0], failing[2])
}

// text returns the values of a cell.
func (f figure) text() string {
	if f.values == nil {
		return "not simulated"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(f.values), " ", " to "), "[]")
}

// checkSharing checks what routers that share promise, against those that do not.
func checkSharing(t *testing.T, alone, shared *cluster) {
	t.Helper()
	if n := manyAsked - shared.ended[200]; n > 0 {
		t.Errorf("clients saw %d requests fail", n)
	}
	if n := shared.failed["b"]; n > 2*int((failuresEnd-failuresBegin)/(10*time.Second)) {
		t.Errorf("the deployment that says for how long it refuses was asked %d times: more than twice for each of its pauses", n)
	}
	for _, name := range []string{"b", "c", "d"} {
		if 3*shared.failed[name] > alone.failed[name] {
			t.Errorf("%s refused %d requests, and %d of routers that do not share", name, shared.failed[name], alone.failed[name])
		}
		share := int(time.Second/manyEvery) / len(strings.Fields(manyHosts))
		if n := shared.busiestSecond(name, failuresEnd, failuresEnd+failuresBegin/2); n > 2*share {
			t.Errorf("%s got %d requests in a second after it was well again, and %d are its share", name, n, share)
		}
	}
	if fewest, most := shared.spread(failuresBegin); most > fewest*5/4 {
		t.Errorf("deployments got from %d to %d requests", fewest, most)
	}
	if moved, followed := shared.movedWithoutReason(); 1000*moved > followed {
		t.Errorf("%d of %d requests left the deployment of their client without a reason", moved, followed)
	}
}

// compareTable compares the table in the document with what it has to be, or writes it there.
func compareTable(t *testing.T, table string) {
	t.Helper()
	text, err := os.ReadFile(scaleFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(text), tableBegins)
	there, after, hasEnd := strings.Cut(rest, tableEnds)
	switch {
	case !hasBegin || !hasEnd:
		t.Fatalf("%s has no table of simulated routers", scaleFile)
	case there == table:
	case !*update:
		t.Errorf("%s has\n%s\nand the simulation gives\n%s\n(rewrite it with -update)", scaleFile, there, table)
	default:
		if err := os.WriteFile(scaleFile, []byte(before+tableBegins+table+tableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
