package record_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

func TestCleanKeepsPrintableASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "codex_cli_rs/0.1 (x)": "codex_cli_rs/0.1 (x)", "a\nb\x1b[31m\x7f\u00e9": "ab[31m",
		strings.Repeat("x", 81): strings.Repeat("x", 80), strings.Repeat("x", 79) + "\u00e9": strings.Repeat("x", 79),
	} {
		if got := record.Clean(text, record.MaxAgent); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][]record.Request{
		true:  {{Status: 400}, {Status: 200, Class: "APIConnectionError"}, {Status: record.StatusClientGone}},
		false: {{Status: 200}, {}},
	} {
		for _, r := range list {
			if r.IsFailure() != want {
				t.Errorf("%+v: %t", r, r.IsFailure())
			}
		}
	}
}

func TestCleaningACleanTextAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() { record.Clean("codex_cli_rs/0.1", record.MaxAgent) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
