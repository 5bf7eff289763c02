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
var All = map[translate.Dialect][]Played{translate.Chat: append(Chat, broken(Chunks(`"delta":{"content":"Hel"}`))...),
	translate.Messages: append(Messages, broken(messageEvents(messageStart, blockStart(0, `{"type":"text","text":""}`),
		blockDelta(0, `{"type":"text_delta","text":"Hel"}`)))...),
	translate.Responses: append(Responses, broken(responseEvents(responseCreated, itemAdded(0, emptyText),
		itemDelta("output_text", 0, "Hel")))...),
	translate.Converse: append(Converse, broken(converseEvents(converseStart, converseDelta("0", `{"text":"Hel"}`)))...)}

// broken returns streams that begin well and go on as no dialect's do.
func broken(begin string) []Played {
	return []Played{
		{Name: "half an event", Stream: begin + `data: {"type":"response.output_text.delta","delta":"l`, Failure: "broke off"},
		{Name: "an event of a kind that nobody knows", Stream: begin + "event: zz\ndata: {\"type\":\"zz\",\"zz\":[{\"a\":1}]}\n\n",
			Failure: "broke off"},
		{Name: "an event that breaks off", Stream: begin + "data: {\"type\":\n\ndata: {}\n\n", Failure: "not JSON"},
		{Name: "a page behind an event", Stream: begin + "<html>\n<body>502</body>\n", Failure: "broke off"},
		{Name: "bytes that are no text", Stream: begin + "\x00\xff\xfe\x1f\n\n", Failure: "broke off"},
	}
}

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
