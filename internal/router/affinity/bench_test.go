package affinity_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
)

// BenchmarkState searches a request without state, and an event, as it is done for every
// request where deployments have several accounts.
func BenchmarkState(b *testing.B) {
	text := strings.Repeat(`\tif err := s.do(\"x\"); err != nil {\n\t\tlog.Printf(\"signature: %v\", err)\n\t}\n`, 3000)
	for name, doc := range map[string]string{
		"256kB": `{"model":"m","input":"` + text[:250_000] + `"}`,
		"event": `{"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_1","delta":"word "}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			data := []byte(doc)
			for b.Loop() {
				affinity.EachState(data, func([]byte) { b.Error("there is no state") })
			}
		})
	}
}
