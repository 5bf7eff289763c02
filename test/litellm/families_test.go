package litellm_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/test/litellm"
	"github.com/flowgate-go/flowgate/test/metrics"
)

// familyList has the families that LiteLLM has; the router is compared with it in test/metrics.
const familyList = "../metrics/testdata/litellm_families.txt"

// TestTheListOfFamiliesIsWhatTheRealLiteLLMTells scrapes a LiteLLM without a database after the load that the
// router gets in test/metrics, and compares families and names of labels with the list. With -update it writes
// the list.
func TestTheListOfFamiliesIsWhatTheRealLiteLLMTells(t *testing.T) {
	t.Parallel()
	required(t)
	command, err := litellm.WithMetrics(t.Context(), litellm.Options{Progress: t.Output()})
	check(t, err)
	file := filepath.Join(t.TempDir(), "settings.yaml")
	check(t, os.WriteFile(file, metrics.Configure(metrics.StartUpstream(t), ""), 0o600))
	url := "http://" + runLiteLLM(t, command, file)
	for range 2 {
		check(t, metrics.Load(t.Context(), url, metrics.MasterKey))
	}
	old, err := os.ReadFile(familyList)
	check(t, err)
	want := map[string][]string{}
	for name, f := range metrics.ParseList(string(old)) {
		want[name] = f.Labels
	}
	got := scrapeUntil(t, url, want)
	if *update && !t.Failed() {
		check(t, os.WriteFile(familyList, []byte(metrics.FormatList(string(old), got)), 0o600))
		return
	}
	for name := range maps.Keys(merge(got, want)) {
		g, isThere := got[name]
		if w, isListed := want[name]; isThere != isListed || !slices.Equal(g, w) {
			t.Errorf("%s: LiteLLM has it: %t, listed: %t; labels %v, listed %v", name, isThere, isListed, g, w)
		}
	}
}

// scrapeUntil returns the families of a LiteLLM when they are the wanted ones, or after half a minute: it counts
// a request some time after its reply.
func scrapeUntil(t *testing.T, url string, want map[string][]string) map[string][]string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		status, text, err := metrics.Scrape(t.Context(), url, metrics.MasterKey)
		check(t, err)
		if status != 200 {
			t.Fatal(fmt.Sprint(status, " ", text))
		}
		got := metrics.Families(text)
		if maps.EqualFunc(got, want, slices.Equal) || time.Now().After(deadline) {
			return got
		}
	}
}

// merge returns the members of both.
func merge(a, b map[string][]string) map[string][]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
