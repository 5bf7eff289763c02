package metrics_test

import (
	"os"
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/test/metrics"
)

// TestFamiliesAndLabelsAreThoseOfTheRealLiteLLM compares the router with the list that a test in test/litellm
// compares with the real LiteLLM, after the same load.
func TestFamiliesAndLabelsAreThoseOfTheRealLiteLLM(t *testing.T) {
	t.Parallel()
	g := startRouter(t, metrics.StartUpstream(t), "http://127.0.0.1:1")
	g.load()
	g.load()
	_, text := g.metrics(masterKey)
	got := metrics.Families(text)
	list, err := os.ReadFile("testdata/litellm_families.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := metrics.ParseList(string(list))
	for name, want := range all {
		labels, found := got[name]
		if found == (want.Absent != "") || found && !slices.Equal(labels, want.Labels) {
			t.Errorf("%s: found %t, labels %v, LiteLLM has %v", name, found, labels, want.Labels)
		}
	}
	if len(all) < 39 {
		t.Errorf("%d families in the list", len(all))
	}
}

func TestAListWrittenAgainKeepsItsReasons(t *testing.T) {
	t.Parallel()
	old := "# comment\n\nlitellm_a x\nlitellm_gone\n\nnone: because\nlitellm_b y\n"
	families := metrics.Families("# TYPE litellm_h histogram\nlitellm_h_bucket{le=\"1\",z=\"\"} 1\nlitellm_h_sum{z=\"\"} 1\n" +
		"litellm_a_created{x=\"1\"} 2\nlitellm_a{x=\"1\"} 1\nlitellm_b{w=\"\",y=\"\"} 1\npython_info{v=\"3\"} 1\n")
	want := "# comment\n\nlitellm_a x\nlitellm_h z\n\nnone: because\nlitellm_b w y\n"
	if got := metrics.FormatList(old, families); got != want {
		t.Errorf("%s", got)
	}
}
