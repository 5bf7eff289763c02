package report_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/report"
)

func TestRedrawAlignsColumnsAndEscapesWhatATerminalWouldObey(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	out := report.Output{Stderr: &stderr, Live: true}
	rows := [][]string{{"litellm", "ready"}, {"cliproxyapi_plus", "down \x1b[31m"}}
	if err := out.Redraw([]string{"SERVICE", "STATE"}, rows); err != nil {
		t.Fatal(err)
	}
	text, cleared := strings.CutPrefix(stderr.String(), "\x1b[H\x1b[2J")
	if !cleared || strings.Contains(text, "\x1b") {
		t.Errorf("got %q", stderr.String())
	}
	lines := strings.Split(text, "\n")
	if strings.Index(lines[0], "STATE") != strings.Index(lines[1], "ready") ||
		strings.Index(lines[1], "ready") != strings.Index(lines[2], "down") {
		t.Errorf("the columns are not aligned:\n%s", text)
	}
}
