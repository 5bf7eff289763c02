package translate_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// TestRequestsThatShareBuffersKeepApart has requests of all dialects and lengths translated at
// once: each must become what it becomes alone.
func TestRequestsThatShareBuffersKeepApart(t *testing.T) {
	t.Parallel()
	type work struct {
		from, to translate.Dialect
		body     []byte
		want     []byte
	}
	var all []work
	for _, from := range dialects {
		for _, to := range upstreams {
			for n := range 6 {
				if from == to {
					continue
				}
				letter := []byte{byte('a' + len(all)%26)}
				body := bytes.ReplaceAll(conversation(from, 1<<(8+2*n)), []byte("I look"), bytes.Repeat(letter, 50))
				out, _ := mustRequest(t, from, to, string(body), options)
				if !strings.Contains(string(out), strings.Repeat(string(letter), 50)) {
					t.Fatalf("%s-%s: the text is missing", from, to)
				}
				all = append(all, work{from, to, body, []byte(out)})
			}
		}
	}
	var owner sync.WaitGroup
	for i := range 200 {
		owner.Go(func() {
			w := all[(i*7)%len(all)]
			got, _, err := translate.Request(w.from, w.to, w.body, options)
			if err != nil || !bytes.Equal(got, w.want) {
				t.Errorf("%s-%s of %d bytes: %s", w.from, w.to, len(w.body), firstDifference(got, w.want))
			}
		})
	}
	owner.Wait()
}

// TestBuffersKeepNothingOfABody has a collector look for what refers to a body that was
// translated, in each dialect.
func TestBuffersKeepNothingOfABody(t *testing.T) {
	for _, from := range dialects {
		for _, to := range upstreams {
			if from == to {
				continue
			}
			kept := 0
			for range 10 { // where another test's request takes the buffers, nothing shows
				body := conversation(from, 64<<10)
				ref := weak.Make(&body[0])
				_, _, err := translate.Request(from, to, body, options)
				if err != nil {
					t.Fatal(err)
				}
				body = nil
				runtime.GC() // a pool keeps its values over one
				if ref.Value() != nil {
					kept++
				}
			}
			if kept > 0 {
				t.Errorf("%s-%s: %d of 10 bodies are kept", from, to, kept)
			}
		}
	}
}

// TestBuffersKeepNothingOfWhatIsTakenBack has an item whose content is read before its type
// says that it is not part of the conversation as it stands.
func TestBuffersKeepNothingOfWhatIsTakenBack(t *testing.T) {
	body := []byte(`{"model":"m","input":[{"role":"user","content":"hi"},{"content":[{"type":"reasoning_text",` +
		`"text":"hm"},{"type":"reasoning_text","text":"so"}],"type":"reasoning","summary":[]}]}`)
	ref := weak.Make(&body[0])
	if _, _, err := translate.Request(translate.Responses, translate.Chat, body, options); err != nil {
		t.Fatal(err)
	}
	body = nil
	runtime.GC()
	if ref.Value() != nil {
		t.Error("the body is kept")
	}
}

// TestKeysMayBeEscaped has members whose names are written with escapes.
func TestKeysMayBeEscaped(t *testing.T) {
	t.Parallel()
	body := `{"model":"m","max_tokens":1,"str\u0065am":true,"a\"b":1,"messages":[{"ro\u006ce":"user","content":"hi"}]}`
	out, call := mustRequest(t, translate.Messages, translate.Chat, body, options)
	if !strings.Contains(string(out), `"stream":true`) || !strings.Contains(string(out), `"role":"user","content":"hi"`) {
		t.Errorf("%s", out)
	}
	if got := call.Dropped(); len(got) != 1 || got[0] != `a"b` {
		t.Errorf("dropped %q", got)
	}
}

func firstDifference(a, b []byte) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("differs at %d: %.60q, not %.60q", i, a[i:], b[i:])
		}
	}
	return fmt.Sprintf("%d bytes, not %d", len(a), len(b))
}
