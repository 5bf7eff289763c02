package printable_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/printable"
)

func TestALineStaysALineAndHidesNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain näme 日本 👍": "plain näme 日本 👍", "a\nb": `a\nb`, "a\r\tb": `a\r\tb`, "\x1b[31m": `\x1b[31m`, "\x7f": `\x7f`,
		"\u009b31m": `\u009b31m`,
		"a\u202eb":  `a\u202eb`, "zero\u200bwidth\ufeff": `zero\u200bwidth\ufeff`, "\u2028": `\u2028`,
		"soft\u00adhyphen": `soft\u00adhyphen`,
		"tag\U000e0041":    `tag\U000e0041`, "bad\xff": `bad\xff`, "\u2066x\u2069": `\u2066x\u2069`,
	} {
		if got := printable.EscapeLine(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestNoLineOfAPageIsAWorkflowCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\n::error title=x::y\n": "a\n\\::error title=x::y\n", "  \t::stop-commands::x": "  \t\\::stop-commands::x",
		"x ##[error]y":        `x ##\[error]y`,
		"std::string stays\n": "std::string stays\n", "a\n\u00a0::add-mask::x": "a\n\u00a0\\::add-mask::x",
		"\r::error::x":     `\r::error::x`,
		"\u200b::error::x": `\u200b::error::x`,
	} {
		if got := printable.EscapePage(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", "a\n::error::b", "\u202e\x7f\u009b", "\xff\xfe", "\U000e0041", `"\u0000`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if line := printable.EscapeLine(text); strings.ContainsFunc(line,
			func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q: %q", text, line)
		}
		doc, err := json.Marshal(text)
		if err != nil {
			t.Skip()
		}
		var before, after string
		escaped := printable.EscapeJSON(doc)
		if json.Unmarshal(doc, &before) != nil || json.Unmarshal(escaped, &after) != nil || before != after {
			t.Errorf("%q means %q now", before, after)
		}
		if strings.ContainsFunc(string(escaped), func(r rune) bool {
			return unicode.IsControl(r) ||
				unicode.Is(unicode.Cf, r)
		}) {
			t.Errorf("%q", escaped)
		}
	})
}

// TestJSONIsEscapedWhereverAHiddenCharacterStands moves one through a text, since plain bytes are
// skipped by eight.
func TestJSONIsEscapedWhereverAHiddenCharacterStands(t *testing.T) {
	t.Parallel()
	for hidden, escape := range map[string]string{"\x7f": `\u007f`, "\u202e": `\u202e`, "\U000e0001": `\udb40\udc01`} {
		for at := range 40 {
			plain := strings.Repeat("~é", 20)
			split := len(string([]rune(plain)[:at]))
			got := string(printable.EscapeJSON([]byte(plain[:split] + hidden + plain[split:] + hidden)))
			if want := plain[:split] + escape + plain[split:] + escape; got != want {
				t.Errorf("at %d: %q, not %q", at, got, want)
			}
			plain = strings.Repeat("~", 40)
			got = string(printable.EscapeJSON([]byte(plain[:at] + hidden + plain[at:])))
			if want := plain[:at] + escape + plain[at:]; got != want {
				t.Errorf("at %d: %q, not %q", at, got, want)
			}
		}
	}
}
