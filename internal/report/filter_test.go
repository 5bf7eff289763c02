package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

func decode(t *testing.T, text string) any {
	t.Helper()
	v, err := report.Decode(json.NewDecoder(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAFilterPrintsWhatJqPrints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expr, in, want string
		raw            bool
	}{
		{".a", `{"a":1}`, "1\n", false},
		{".[]", `["x","y"]`, "\"x\"\n\"y\"\n", false},
		{".[]", `["x","y"]`, "x\ny\n", true},
		{".n", `{"n":12345678901234567890}`, "12345678901234567890\n", false},
		{".h", `{"h":"<&>"}`, "\"<&>\"\n", false},
		{"empty", `1`, "", false},
		{"env|length", `1`, "0\n", false},
		{`1, halt, 2`, `1`, "1\n", false},
	} {
		f, err := report.CompileFilter(c.expr)
		if err != nil {
			t.Fatalf("%s: %v", c.expr, err)
		}
		var out bytes.Buffer
		if err := f.Print(t.Context(), &out, decode(t, c.in), c.raw, false); err != nil &&
			!errors.Is(err, report.ErrNoOutput) {
			t.Fatalf("%s: %v", c.expr, err)
		}
		if out.String() != c.want {
			t.Errorf("%s of %s printed %q, not %q", c.expr, c.in, out.String(), c.want)
		}
	}
}

func TestAFilterThatFailsPrintsNothingOfWhatCameBefore(t *testing.T) {
	t.Parallel()
	f, err := report.CompileFilter(`1, error("no")`)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = f.Print(t.Context(), &out, nil, false, false)
	if e := fault.From(err); e.Code != "jq-failed" || e.Exit != fault.ExitFilter || out.Len() > 0 {
		t.Fatalf("got %v (%+v) and printed %q", err, e, out.String())
	}
}

func TestAnExpressionThatDoesNotParseSaysWhere(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{".a |", "nosuch(1)", "input_filename |"} {
		_, err := report.CompileFilter(expr)
		if e := fault.From(err); e == nil || e.Code != "jq-invalid" || e.Exit != fault.ExitFilter ||
			!strings.Contains(e.Message, expr) {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestAnEndlessFilterEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f, err := report.CompileFilter(`last(repeat(1))`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if e := fault.From(f.Print(ctx, &bytes.Buffer{}, nil, false, false)); e == nil || e.Exit != fault.ExitInterrupted {
		t.Fatalf("got %v", e)
	}
}

func FuzzAFilterNeverPanics(f *testing.F) {
	f.Add(".checks[]|select(.status==\"fail\")|.fix.command", `{"checks":[{"status":"fail"}]}`)
	f.Add("..|numbers", `[1e400,-0,{"a":null}]`)
	f.Fuzz(func(t *testing.T, expr, doc string) {
		filter, err := report.CompileFilter(expr)
		if err != nil {
			return
		}
		v, err := report.Decode(json.NewDecoder(strings.NewReader(doc)))
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_ = filter.Print(ctx, &bytes.Buffer{}, v, false, false)
	})
}
