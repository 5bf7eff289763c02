package telemetry

import "github.com/flowgate-go/flowgate/internal/usage/record"

// EncodeSpans returns the body of a request with the spans of q.
func EncodeSpans(q *record.Request) []byte {
	s, _ := newSpans(q)
	body, err := encode(Config{}.tracesRequest([]spans{s}))
	if err != nil {
		panic(err)
	}
	return body
}
