package translate_test

import (
	"bytes"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// TestRequestLeavesTheBodyAsItIs matters where another deployment is asked with the same body.
func TestRequestLeavesTheBodyAsItIs(t *testing.T) {
	t.Parallel()
	for _, from := range clients {
		for _, to := range dialects {
			for _, text := range [][]byte{[]byte(smallRequest[from]), conversation(from, 8<<10), []byte(fullRequest[from])} {
				body := append(bytes.Clone(text), "behind the body"...) // append may write there
				whole := bytes.Clone(body)
				out, _, err := translate.Request(from, to, body[:len(text)], options)
				if !bytes.Equal(body, whole) {
					t.Errorf("%s to %s: %s", from, to, body)
				}
				opts := options
				opts.UpstreamModel = []byte(`"another"`)
				if out2, _, err2 := translate.Request(from, to, text, opts); (err == nil) != (err2 == nil) || err == nil &&
					!bytes.HasPrefix(out2, []byte(`{"model":"another"`)) || len(out2) == 0 && len(out) > 0 {
					t.Errorf("%s to %s: %v, %s", from, to, err2, out2)
				}
			}
		}
	}
}
