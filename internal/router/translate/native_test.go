package translate_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

func TestANativeUpstreamGetsNoForeignThinking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		dialect translate.Dialect
		body    string
		want    string
	}{
		{"nothing to cut", translate.Messages, `{"messages": [ {"role":"user", "content":"a flowgate: b"}]}`,
			`{"messages": [ {"role":"user", "content":"a flowgate: b"}]}`},
		{"the mark in a text", translate.Messages,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"~flowgate:chat"}]}]}`,
			`{"messages":[{"role":"user","content":[{"type":"text","text":"~flowgate:chat"}]}]}`},
		{"a block of three", translate.Messages,
			`{"a": 1, "messages":[{"role":"assistant","content":[ {"type":"thinking","thinking":"x","signature":"~flowgate:chat"}, {"type":"thinking","thinking":"y","signature":"own"}, {"type":"text","text":"a"} ]}, {"role":"user","content":"b"}] }`,
			`{"a": 1, "messages":[{"role":"assistant","content":[ {"type":"thinking","thinking":"y","signature":"own"},{"type":"text","text":"a"} ]}, {"role":"user","content":"b"}] }`},
		{"in two messages, once alone", translate.Messages,
			`{"messages":[{"content":[{"type":"text","text":"a"},{"signature":"~flowgate:responses:x:y"}]},{"content":[{"signature":"~flowgate:chat"}]}],"z":2}`,
			`{"messages":[{"content":[{"type":"text","text":"a"}]},{"content":[{"type":"text","text":"..."}]}],"z":2}`},
		{"an item", translate.Responses,
			`{"input":[{"type":"reasoning","encrypted_content":"~flowgate:messages:x"},{"type":"reasoning","encrypted_content":"gAAA"}]}`,
			`{"input":[{"type":"reasoning","encrypted_content":"gAAA"}]}`},
		{"half a body", translate.Responses, `{"input":[{"type":"reasoning","encrypted_content":"~flowgate:messages:x"},`,
			`{"input":[{"type":"reasoning","encrypted_content":"~flowgate:messages:x"},`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := string(translate.Native(c.dialect, []byte(c.body))); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
