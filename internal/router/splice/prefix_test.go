package splice_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// chunk is an event of a chat stream whose data end with rest.
func chunk(model, rest string) string {
	return `data: {"id":"c1","object":"chat.completion.chunk","model":"` + model + `",` + rest + "}\n\n"
}

const word = `"choices":[{"index":0,"delta":{"content":"a \"model\" or an error\""}}]`

func TestEventsThatBeginAlikeAreLookedIntoAsOthersAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model, rest        string // of the chunk after four with the same beginning
		isEnded, hasFailed bool
	}{
		{"up", word, false, false},
		{"upper", word, false, false},
		{"up", `"model":"up","choices":[]`, false, false},
		{"up", `"choices":[{"delta":{},"finish_reason":null}]`, false, false},
		{"up", `"choices":[{"delta":{},"finish_reason":"stop"}]`, true, false},
		{"up", `"choices":[],"usage":{"total_tokens":3}`, true, false},
		{"up", `"error":{"message":"no"}`, false, true},
	} {
		s := &splice.Stream{Model: []byte(`"x"`)}
		s.Append(nil, []byte(strings.Repeat(chunk("up", word), 4)))
		got, want := string(s.Append(nil, []byte(chunk(c.model, c.rest)))), chunk("x", c.rest)
		if got != want || s.Ended != c.isEnded || s.Failed != c.hasFailed || s.Events != 5 {
			t.Errorf("%s: %s, %+v", c.rest, got, s)
		}
	}
	s := &splice.Stream{Model: []byte(`"x"`)}
	s.Append(nil, []byte(strings.Repeat(chunk("up", word), 4)))
	if got := string(s.Append(nil, []byte("data: {\"id\":\"c1\"}\n\n"))); got != "data: {\"id\":\"c1\"}\n\n" {
		t.Errorf("without a model: %s", got)
	}
}

func TestABeginningThatMeansSomethingIsLookedIntoEachTime(t *testing.T) {
	t.Parallel()
	s := &splice.Stream{Model: []byte(`"x"`)}
	s.Append(nil, []byte(chunk("up", word)+chunk("up", word)))
	before := `data: {"usage":{"total_tokens":3},"model":"up",`
	in := before + word + "}\n\n" + before + `"choices":[]}` + "\n\n"
	if got := string(s.Append(nil, []byte(in))); strings.Contains(got, "up") || !s.Ended {
		t.Errorf("%s, ended: %v", got, s.Ended)
	}
}

func TestAStreamIsUsedAgainWithoutWhatPassedBefore(t *testing.T) {
	t.Parallel()
	s := &splice.Stream{Model: []byte(`"x"`), Watch: func([]byte) { t.Error("the last user's function is called") }}
	s.Append(nil, []byte(strings.Repeat(chunk("up", word), 3)+"event: error\ndata: {\"half"))
	s.Reset([]byte(`"y"`))
	in := chunk("up", `"choices":[{"delta":{"role":"assistant"}}],"usage":null`)
	if got, want := string(s.Append(nil, []byte(in))), strings.ReplaceAll(in, `"up"`, `"y"`); got != want || s.Content ||
		s.Failed || s.Events != 1 {
		t.Errorf("%s, %+v", got, s)
	}
}

func TestWatchGetsTheDataThatNameTheUsage(t *testing.T) {
	t.Parallel()
	in := strings.Repeat(chunk("up", word), 3) + chunk("up", `"usage":{"total_tokens":3}`) +
		"data: {\"usageMetadata\":{\"totalTokenCount\":3}}\n\ndata: {\"note\":\"the usage of words\"}\n\ndata: [DONE]\n\n"
	for _, all := range []bool{false, true} {
		var got []string
		watch := func(data []byte) { got = append(got, string(data)) }
		s := &splice.Stream{Model: []byte(`"x"`), Watch: watch, WatchesAll: all}
		s.Append(nil, []byte(in))
		switch {
		case all && len(got) != 6:
			t.Errorf("of all data it gets %q", got)
		case !all && (len(got) != 2 || !strings.Contains(got[0], "total_tokens") || !strings.Contains(got[1], "Metadata")):
			t.Errorf("of those with the usage it gets %q", got)
		}
	}
}

func FuzzTextsAreFoundAsAnySearchFindsThem(f *testing.F) {
	for _, s := range []string{word, `"error"`, `model"`, `xfinish_reason":"stop"`, `"#usage"#"`, `"usageMetadata"`,
		`1234567"error"`, `12error"8`, `"""""""""error"`, "\x23\x22\x23\x22error\x22"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := splice.FindTexts(data)
		for text, found := range map[string]bool{`error"`: got[0], `model"`: got[1], `finish_reason"`: got[2]} {
			if bytes.Contains(data, []byte(text)) != found {
				t.Errorf("%q in %q: %v", text, data, found)
			}
		}
		if got[3] != (bytes.Contains(data, []byte(`usage"`)) || bytes.Contains(data, []byte(`usageMetadata"`))) {
			t.Errorf("the usage in %q: %v", data, got[3])
		}
	})
}
