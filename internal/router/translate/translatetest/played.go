// Package translatetest has streams as upstreams of each dialect send them, with
// the oddities seen in the field, for the tests of the translation.
package translatetest

import "github.com/flowgate-go/flowgate/internal/router/translate"

// Played is a stream of an upstream, and the same reply as JSON.
type Played struct {
	Name    string
	Stream  string
	Reply   string // "": the reply as JSON says something else
	Failure string // a part of what the client is told where the stream is not a whole reply
}

// All are the streams by the dialect of their upstreams.
var All = map[translate.Dialect][]Played{translate.Chat: Chat, translate.Messages: Messages,
	translate.Responses: Responses}

// Stream is what the client gets of an upstream's stream in chunks of a size,
// and what the stream failed of.
func Stream(call *translate.Call, upstream string, size int) (out []byte, failure string) {
	s := call.Stream()
	for len(upstream) > 0 {
		n := min(size, len(upstream))
		out = s.Append(out, []byte(upstream[:n]))
		upstream = upstream[n:]
	}
	out = s.End(out)
	return out, s.Failure()
}
