package metrics_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// label is a label of a series in the text format.
var label = regexp.MustCompile(`([a-z_]+)="`)

// families returns the families of a text with the names of their labels. Series of histograms count as
// one family.
func families(text string) map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), "{")
		name, _, _ = strings.Cut(name, " ")
		if name == "" || name == "#" {
			continue
		}
		if strings.Contains(rest, `le="`) {
			name = strings.TrimSuffix(name, "_bucket")
		}
		var labels []string
		for _, m := range label.FindAllStringSubmatch(rest, -1) {
			if m[1] != "le" {
				labels = append(labels, m[1])
			}
		}
		slices.Sort(labels)
		all[name] = labels
	}
	return all
}

func TestFamiliesAndLabelsAreThoseOfTheRealLiteLLM(t *testing.T) {
	t.Parallel()
	g := startRouter(t, startUpstream(t).URL, "http://127.0.0.1:1")
	g.load()
	g.load()
	_, text := g.metrics(masterKey)
	got := families(text)
	golden, err := os.ReadFile("testdata/litellm_families.txt")
	if err != nil {
		t.Fatal(err)
	}
	isAbsent, seen := false, 0
	for line := range strings.Lines(string(golden)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			isAbsent = false
		case words[0] == "none:":
			isAbsent = true
		case words[0] == "#":
		default:
			seen++
			labels, found := got[words[0]]
			if found == isAbsent || found && !slices.Equal(labels, words[1:]) {
				t.Errorf("%s: found %t, labels %v, LiteLLM has %v", words[0], found, labels, words[1:])
			}
		}
	}
	if seen < 39 {
		t.Errorf("%d families in the list", seen)
	}
}
