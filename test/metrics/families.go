package metrics

import (
	"regexp"
	"slices"
	"strings"
)

// label is a label of a series in the text format.
var label = regexp.MustCompile(`([a-z_]+)="`)

// Families returns the families of a text in Prometheus' format whose names begin with litellm_, each with the
// sorted names of its labels. The series of a histogram are one family, without the label le, and the times at
// which Python's client created a counter are none.
func Families(text string) map[string][]string {
	all := map[string][]string{}
	isHistogram := map[string]bool{}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) == 4 && words[0] == "#" && words[1] == "TYPE" {
			isHistogram[words[2]] = words[3] == "histogram"
			continue
		}
		name, rest, _ := strings.Cut(strings.TrimSpace(line), "{")
		name, _, _ = strings.Cut(name, " ")
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if base, found := strings.CutSuffix(name, suffix); found && isHistogram[base] {
				name = base
			}
		}
		if !strings.HasPrefix(name, "litellm_") || strings.HasSuffix(name, "_created") {
			continue
		}
		labels := []string{}
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

// Listed is a family in the list of those that LiteLLM has.
type Listed struct {
	Labels []string // sorted
	Absent string   // why FlowGate does not have it; empty: it has it
}

// ParseList reads the list: "family label label ..." on each line. A line that begins with # is a comment, and
// one that begins with none: has the reason why FlowGate lacks the families that follow, up to an empty line.
func ParseList(text string) map[string]Listed {
	all := map[string]Listed{}
	absent := ""
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			absent = ""
		case words[0] == "none:":
			absent = strings.TrimSpace(line)
		case words[0] != "#":
			all[words[0]] = Listed{append([]string{}, words[1:]...), absent}
		}
	}
	return all
}

// FormatList returns the list with the families that LiteLLM has now. Those that FlowGate was known to lack keep
// their reasons, new ones are listed without; the comment above the families stays.
func FormatList(old string, families map[string][]string) string {
	var b strings.Builder
	for line := range strings.Lines(old) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		b.WriteString(line)
	}
	known := ParseList(old)
	groups := map[string][]string{}
	for name, labels := range families {
		reason := known[name].Absent
		groups[reason] = append(groups[reason], strings.Join(append([]string{name}, labels...), " "))
	}
	reasons := []string{""}
	for line := range strings.Lines(old) { // in the order in which they stand there
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "none:") {
			reasons = append(reasons, line)
		}
	}
	for _, reason := range reasons {
		if len(groups[reason]) == 0 {
			continue
		}
		slices.Sort(groups[reason])
		b.WriteString("\n")
		if reason != "" {
			b.WriteString(reason + "\n")
		}
		b.WriteString(strings.Join(groups[reason], "\n") + "\n")
	}
	return b.String()
}
