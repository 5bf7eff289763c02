package translate_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// TestRequestsThatShareRoomKeepApart has requests of all dialects and lengths translated at
// once: each must become what it becomes alone.
func TestRequestsThatShareRoomKeepApart(t *testing.T) {
	t.Parallel()
	type work struct {
		from, to translate.Dialect
		body     []byte
		want     []byte
	}
	var all []work
	for _, from := range dialects {
		for _, to := range dialects {
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

func firstDifference(a, b []byte) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("differs at %d: %.60q, not %.60q", i, a[i:], b[i:])
		}
	}
	return fmt.Sprintf("%d bytes, not %d", len(a), len(b))
}
