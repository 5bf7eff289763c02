package decode_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/decode"
)

func TestAMatchInDecodedTextIsLocatedInTheOriginal(t *testing.T) {
	t.Parallel()
	// base64 of "key = %73ecret1", which holds a percent-encoded letter
	const original = "first\nx: a2V5ID0gJTczZWNyZXQx end\n"
	text, passes := decode.New(original), 0
	for {
		next, ok := text.Next()
		if !ok {
			break
		}
		text, passes = next, passes+1
	}
	at := strings.Index(text.String(), "secret1")
	if passes != 2 || at < 0 {
		t.Fatalf("%d passes: %q", passes, text)
	}
	m, ok := text.Locate(decode.Extent{Start: at, End: at + len("secret1")})
	if !ok || m.Text != "secret1" || original[m.At.Start:m.At.End] != "a2V5ID0gJTczZWNyZXQx" ||
		!strings.Contains(m.Line, "key = secret1 end") {
		t.Errorf("%v %+v", ok, m)
	}
	if m, ok := text.Locate(decode.Extent{Start: 0, End: len("first")}); ok {
		t.Errorf("a match that no pass decoded is located: %+v", m)
	}
}

func TestAMatchWithoutDecodingIsItsOwnPlace(t *testing.T) {
	t.Parallel()
	m, ok := decode.New("a\nword\n").Locate(decode.Extent{Start: 1, End: 7})
	if !ok || m.Text != "word" || m.Line != "" || m.Shown != (decode.Extent{Start: 2, End: 6}) {
		t.Errorf("%v %+v", ok, m)
	}
}
