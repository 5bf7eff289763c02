package price_test

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// request returns a request of a model that the program's own table has.
func request(deployment string) *record.Request {
	return &record.Request{Deployment: deployment, Provider: "openai", Model: "gpt-5",
		Tokens: record.Tokens{Known: true, Input: 3, Output: 5}}
}

func TestADeploymentsOwnPricesTakePrecedence(t *testing.T) {
	t.Parallel()
	p := &price.Pricer{Folder: t.TempDir(), Own: map[string]price.Own{"mine": {Input: 2, Output: 7}}}
	r := request("mine")
	if p.Price(r); r.Cost != 3*2+5*7 || !r.CostKnown {
		t.Errorf("%v %t", r.Cost, r.CostKnown)
	}
	for name, r := range map[string]*record.Request{"no deployment": request(""), "no tokens": {Deployment: "mine"}} {
		if p.Price(r); r.CostKnown || r.Cost != 0 {
			t.Errorf("%s: %v", name, r.Cost)
		}
	}
}

func TestACostThatIsNoFiniteNumberIsUnknown(t *testing.T) {
	t.Parallel()
	p := &price.Pricer{Own: map[string]price.Own{"much": {Input: math.MaxFloat64}, "both": {Input: math.Inf(1),
		Output: math.Inf(-1)}, "none": {Input: math.NaN()}}}
	for name := range p.Own {
		r := request(name)
		if p.Price(r); r.CostKnown || r.Cost != 0 {
			t.Errorf("%s: %v, %t", name, r.Cost, r.CostKnown)
		}
	}
}

func TestInPlaceOfADamagedTableThatOfTheProgramIsUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, price.FileName), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	p := &price.Pricer{Folder: dir, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	r := request("d")
	if p.Price(r); !r.CostKnown || r.Cost <= 0 || !strings.Contains(log.String(), "the one of this program is used") {
		t.Errorf("%v %t, log: %s", r.Cost, r.CostKnown, &log)
	}
}

// TestAPipeInThePlaceOfPricesIsNotWaitedFor: the router reads the table while it answers.
func TestAPipeInThePlaceOfPricesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, price.FileName), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := price.Open(dir); !errors.Is(err, safefile.ErrNotRegular) {
		t.Errorf("%v", err)
	}
}

// TestAPricerHoldsNoUnpackedTable: it takes 1.5 MB, and a router needs it once for each model.
func TestAPricerHoldsNoUnpackedTable(t *testing.T) {
	p := &price.Pricer{Folder: t.TempDir()}
	measure := func() int64 {
		runtime.GC()
		runtime.GC() // what the first one found unused may have been marked before that
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := measure()
	for range 2 { // the second time, the table has been collected
		for _, model := range []string{"gpt-5", "gpt-4o", "no-such-model"} {
			r := request("d")
			r.Model = model
			if p.Price(r); r.CostKnown != (model != "no-such-model") {
				t.Errorf("%s: known %t", model, r.CostKnown)
			}
		}
		if more := measure() - before; more > 256<<10 {
			t.Errorf("it holds %d bytes", more)
		}
		for i := range 5000 { // what was found is forgotten
			p.Price(&record.Request{Deployment: "d", Model: strconv.Itoa(i), Tokens: record.Tokens{Known: true}})
		}
	}
	runtime.KeepAlive(p)
}
