package splice_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/gateway/splice"
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
	} {
		if got, _ := pass(in, len(in)); got != want {
			t.Errorf("%q\n became %q\n    want %q", in, got, want)
		}
	}
}

func TestStreamSeesEventsErrorsAndTheEnd(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]splice.Stream{
		"data: {\"a\":1}\n\ndata: {\"b\":1}\n\ndata: [DONE]\n\n":   {Events: 2, Done: true},
		"data: {\"error\":{\"message\":\"x\"}}\n\n":                {Events: 1, Failed: true, Stillborn: true},
		"data: {}\n\nevent: error\ndata: {\"type\":\"error\"}\n\n": {Events: 2, Failed: true},
		"data: {\"error\":null}\n\n":                               {Events: 1},
		"event: error\ndata: {}\n\n":                               {Events: 1, Failed: true, Stillborn: true},
		"data: {\"type\": \"error\", \"error\": 1}\n\n":            {Events: 1, Failed: true, Stillborn: true},
		": comment\n\n": {},
	} {
		if _, s := pass(in, 3); s.Events != want.Events || s.Done != want.Done || s.Failed != want.Failed || s.Stillborn != want.Stillborn {
			t.Errorf("%q: events %d done %v failed %v", in, s.Events, s.Done, s.Failed)
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
		if s1.Events != s2.Events || s1.Done != s2.Done || s1.Failed != s2.Failed || s1.Stillborn != s2.Stillborn {
			t.Fatalf("counts differ: %+v %+v", s1, s2)
		}
	})
}
