package splice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// pass sends input through a Stream in pieces of the given sizes, the last one repeated.
func pass(input string, sizes ...int) (string, *splice.Stream) {
	s := &splice.Stream{Model: []byte(`"alias"`)}
	var out []byte
	for i := 0; input != ""; i++ {
		n := min(max(1, sizes[min(i, len(sizes)-1)]), len(input))
		out = s.Append(out, []byte(input[:n]))
		input = input[n:]
	}
	return string(s.Finish(out)), s
}

func TestStreamPutsTheAliasWhereEachDialectHasItsModel(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[]}\n\n":                                    "data: {\"id\":\"c\",\"model\":\"alias\",\"choices\":[]}\n\n",
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"up\"}}\n\n": "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"alias\"}}\n\n",
		"data: {\"response\":{\"id\":1,\"model\":\"up\",\"output\":[]}}\r\n\r\n":                      "data: {\"response\":{\"id\":1,\"model\":\"alias\",\"output\":[]}}\r\n\r\n",
		"data:{\"model\":\"up\"}\n\n":                      "data:{\"model\":\"alias\"}\n\n",
		"data: {\"delta\":{\"model\":\"up\"}}\n\n":         "data: {\"delta\":{\"model\":\"up\"}}\n\n",
		"data: {\"model\":null}\n\n":                       "data: {\"model\":null}\n\n",
		"data: {\"text\":\"say \\\"model\\\" twice\"}\n\n": "data: {\"text\":\"say \\\"model\\\" twice\"}\n\n",
		": ping\n\nid: 7\nretry: 10\n\n":                   ": ping\n\nid: 7\nretry: 10\n\n",
		"data: not json \"model\"\n\n":                     "data: not json \"model\"\n\n",
		"data: {\"model\":\"up\"}":                         "data: {\"model\":\"alias\"}\n\n",
		"data: {\"model\":\"up\"}\r\rdata: [DONE]\r\r":     "data: {\"model\":\"alias\"}\n\ndata: [DONE]\n\n",
		"event: x\rdata: {}\r\n\r\n":                       "event: x\ndata: {}\n\n",
		"\xef\xbb\xbfdata: {\"model\":\"up\"}\n\n":         "data: {\"model\":\"alias\"}\n\n",
	} {
		if got, _ := pass(in, len(in)); got != want {
			t.Errorf("%q\n became %q\n    want %q", in, got, want)
		}
	}
}

// seen is what a Stream noted.
type seen struct {
	events                       int
	content, ended, done, failed bool
	err                          string
}

func readNotes(s *splice.Stream) seen {
	return seen{s.Events, s.Content, s.Ended, s.Done, s.Failed, string(s.Error)}
}

func TestStreamNotesContentErrorsAndTheEnd(t *testing.T) {
	t.Parallel()
	const chunk = `{"object":"chat.completion.chunk","model":"up","choices":[{"index":0,"delta":{`
	for in, want := range map[string]seen{
		": comment\n\n":              {},
		"data: {}\n\n":               {events: 1},
		"data: plain text\n\n":       {events: 1, content: true},
		"data: {\"error\":null}\n\n": {events: 1, content: true},
		"data: [DONE]\n\n":           {done: true},

		"data: " + chunk + `"role":"assistant","content":""},"finish_reason":null}]}` +
			"\n\n": {events: 1},
		"data: " + chunk + `"role":"assistant","tool_calls":[]},"logprobs":null}],"usage":null}` +
			"\n\n": {events: 1},
		"data: {\"choices\":[],\"prompt_filter_results\":[{}]}\n\n": {events: 1},
		"data: {\"choices\":[{\"text\":\"\"}]}\n\n":                 {events: 1},
		"data: {\"choices\":[{\"text\":\"a\"}]}\n\n":                {events: 1, content: true},
		"data: " + chunk + `"content":"a"}}]}` +
			"\n\n": {events: 1, content: true},
		"data: " + chunk + `"reasoning_content":"a"}}]}` +
			"\n\n": {events: 1, content: true},
		"data: " + chunk + `"tool_calls":[{"index":0}]}}]}` +
			"\n\n": {events: 1, content: true},
		"data: " + chunk + `},"finish_reason":"stop"}]}` +
			"\n\n": {events: 1, content: true, ended: true},
		"data: " + chunk + `},"finish_reason" : null},{"delta":{},"finish_reason" : "length"}]}` +
			"\n\n": {events: 1, content: true, ended: true},
		"data: " + chunk + `"content":"say \"finish_reason\":\"stop\""}}]}` +
			"\n\n": {events: 1, content: true},
		"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null,\"native_finish_reason\":\"stop\"}]}\n\n": {events: 1, content: true},
		"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n":                                                         {events: 1, content: true, ended: true},
		"data: " + chunk + `"content":"a"}}],"usage":{"prompt_tokens":1}}` +
			"\n\n": {events: 1, content: true},

		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[]}}\n\nevent: ping\ndata: " +
			"{\"type\":\"ping\"}\n\n": {events: 2},
		"data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n":                     {events: 1},
		"data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"name\":\"x\"}}\n\n":                {events: 1, content: true},
		"data: {\"type\":\"content_block_delta\",\"delta\":{}}\n\ndata: {\"type\":\"message_stop\"}\n\n":                       {events: 2, content: true, ended: true},
		"data: {\"type\":\"response.created\",\"response\":{\"error\":null}}\n\ndata: {\"type\":\"response.in_progress\"}\n\n": {events: 2},
		"data: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\",\"content\":[]}}\n\n":                   {events: 1},
		"data: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"function_call\",\"name\":\"x\"}}\n\n":             {events: 1, content: true},
		"data: {\"type\":\"response.content_part.added\",\"part\":{\"type\":\"output_text\",\"text\":\"\"}}\n\n":               {events: 1},
		"data: {\"type\":\"response.incomplete\",\"response\":{}}\n\n":                                                         {events: 1, content: true, ended: true},
		"event: response.completed\ndata: {\ndata: }\n\n":                                                                      {events: 2, ended: true},

		"data: {\"error\":{\"message\":\"x\"}}\n\n": {events: 1, failed: true,
			err: `{"error":{"message":"x"}}`},
		"data: {\"error\":\"x\"}\n\ndata: {\"error\":\"y\"}\n\n": {events: 2, failed: true,
			err: `{"error":"x"}`},
		"data: {\"id\":1,\"model\":\"up\",\"error\":{\"code\":1},\"choices\":[]}\n\n": {events: 1, failed: true,
			err: `{"id":1,"model":"up","error":{"code":1},"choices":[]}`},
		"data: {\"type\": \"error\", \"error\": 1}\n\n": {events: 1, failed: true,
			err: `{"type": "error", "error": 1}`},
		"data: {\"object\":\"error\",\"message\":\"x\"}\n\n": {events: 1, failed: true,
			err: `{"object":"error","message":"x"}`},
		"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n": {events: 1, failed: true,
			ended: true, err: `{"choices":[{"delta":{},"finish_reason":"error"}]}`},
		"data: {\"choices\":[{\"error\":{\"code\":502}}]}\n\n": {events: 1, failed: true,
			err: `{"choices":[{"error":{"code":502}}]}`},
		"data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"x\"}}}\n\n": {events: 1, failed: true,
			ended: true, err: `{"type":"response.failed","response":{"error":{"code":"x"}}}`},
		"data: {\ndata:  \"error\": {\"message\":\"x\"}\ndata: }\n\n": {events: 3, failed: true,
			err: "{\n\"error\": {\"message\":\"x\"}\n}\n"},
		"event: error\ndata: {}\n\n": {events: 1, failed: true,
			err: "{}"},
		"event:error\n\n":             {failed: true},
		"event: errors\ndata: {}\n\n": {events: 1},
		"data: " + chunk + `"content":"a"}}]}` + "\n\nevent: error\ndata: {\"type\":\"error\"}\n\n": {events: 2,
			content: true, failed: true, err: `{"type":"error"}`},
	} {
		for _, size := range []int{3, len(in)} {
			if _, s := pass(in, size); readNotes(s) != want {
				t.Errorf("%q in pieces of %d:\n got %+v\nwant %+v", in, size, readNotes(s), want)
			}
		}
	}
}

// TestAnEventOfManyLinesIsLookedIntoOnce has an event of as many data lines as
// are collected; to look after each of them takes a minute.
func TestAnEventOfManyLinesIsLookedIntoOnce(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	s := &splice.Stream{Model: []byte(`"a"`)}
	out := s.Append(nil, []byte("data: {\n"+strings.Repeat("data: \"a\":1,\n", 80_000)))
	if s.Content || s.Failed {
		t.Errorf("judged before its end: content %v, failed %v", s.Content, s.Failed)
	}
	out = s.Append(out, []byte("data: \"error\":{\"code\":429}}\n\n"))
	if took := time.Since(begun); !s.Failed || s.Content || took > 10*time.Second || len(out) < 80_000*13 {
		t.Errorf("failed %v, content %v after %v", s.Failed, s.Content, took)
	}
}

func TestAStreamWithBareCRsIsPassedLineByLine(t *testing.T) {
	t.Parallel()
	s := &splice.Stream{Model: []byte(`"a"`)}
	for _, in := range []string{"data: {\"n\":1}\r\r", "data: {\"n\":2}\r\r", "data: {\"n\":3}\r\r"} {
		want := in[:len(in)-2] + "\n\n"
		if got := string(s.Append(nil, []byte(in))); got != want {
			t.Errorf("%q became %q at once, want %q", in, got, want)
		}
	}
}

func TestStreamHoldsBackOnlyTheUnfinishedLine(t *testing.T) {
	t.Parallel()
	s := &splice.Stream{Model: []byte(`"a"`)}
	out := string(s.Append(nil, []byte("event: x\ndata: {\"mod")))
	if out != "event: x\n" {
		t.Fatalf("first piece let %q pass", out)
	}
	if got := string(s.Append(nil, []byte("el\":\"up\"}\n"))); got != "data: {\"model\":\"a\"}\n" {
		t.Fatalf("second piece let %q pass", got)
	}
}

func TestAbandonDropsTheHalfLineAndClosesTheEvent(t *testing.T) {
	t.Parallel()
	s := &splice.Stream{Model: []byte(`"a"`)}
	out := s.Append(nil, []byte("event: x\ndata: {\"half"))
	if got := string(s.Abandon(out)); got != "event: x\n\n" {
		t.Fatalf("abandoned stream ends in %q", got)
	}
}

func TestALineLongerThanMaxLinePassesUntouchedHoweverItIsCut(t *testing.T) {
	t.Parallel()
	long := "data: {\"model\":\"up\",\"x\":\"" + strings.Repeat("y", splice.MaxLine) + "\"}\n\n"
	in := long + "data: {\"model\":\"up\"}\n\n"
	want := long + "data: {\"model\":\"alias\"}\n\n"
	for _, size := range []int{len(in), 1000, 65536, splice.MaxLine, splice.MaxLine + 1} {
		got, s := pass(in, size)
		if got != want || s.Events != 2 {
			t.Errorf("cut into %d bytes: %d bytes and %d events came out, want %d and 2", size, len(got), s.Events, len(want))
		}
	}
}

// FuzzStreamIsIndifferentToChunks: however a stream is cut, the same comes out.
func FuzzStreamIsIndifferentToChunks(f *testing.F) {
	f.Add("data: {\"model\":\"up\"}\n\ndata: [DONE]\n\n", 1, 7)
	f.Add("event: error\r\ndata: {\"message\":{\"model\":\"up\"}}\r\n\r\n: c\n", 2, 3)
	f.Add("\xef\xbb\xbfdata: {\"model\":\"up\"}\r\rdata: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\r\r\n\r", 1, 2)
	f.Add("data: {\ndata: \"error\":{}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", 4, 1)
	f.Add("data: {\"response\":{\"a\":[1,2],\"model\":\"up\"}", 5, 1)
	f.Fuzz(func(t *testing.T, in string, a, b int) {
		if in == "" {
			return
		}
		whole, s1 := pass(in, len(in))
		cut, s2 := pass(in, a, b)
		if whole != cut {
			t.Fatalf("in one piece %q, in pieces of %d and %d %q", whole, a, b, cut)
		}
		if readNotes(s1) != readNotes(s2) {
			t.Fatalf("in one piece %+v, cut %+v", readNotes(s1), readNotes(s2))
		}
	})
}
