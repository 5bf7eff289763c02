package splice_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

func BenchmarkAppend(b *testing.B) {
	for name, ev := range map[string]string{
		"chat": "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"up-model\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"},\"finish_reason\":null}]}\n\n",
		"messages": "event: content_block_delta\ndata: " +
			"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"word \"}}\n\n",
		"responses": "event: response.output_text.delta\ndata: " +
			"{\"type\":\"response.output_text.delta\",\"sequence_number\":5,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"word \"}\n\n",
	} {
		b.Run(name, func(b *testing.B) {
			s := &splice.Stream{Model: []byte(`"alias"`)}
			var out []byte
			for range 3 {
				out = s.Append(out[:0], []byte(ev))
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(ev)))
			for b.Loop() {
				out = s.Append(out[:0], []byte(ev))
			}
		})
	}
}
