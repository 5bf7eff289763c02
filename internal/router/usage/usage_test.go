package usage_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/usage"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// noon is when the tests happen.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestTheNewestLatenciesCount(t *testing.T) {
	t.Parallel()
	var s usage.State
	if _, ok := s.MeanLatency(noon, time.Hour); ok {
		t.Error("a deployment that was not measured has a latency")
	}
	for i := range 6 {
		s.AddLatency(noon.Add(time.Duration(i)*time.Minute), usage.Latency{Seconds: float64(i), FirstToken: float64(i)}, 4)
	}
	s.AddLatency(noon.Add(6*time.Minute), usage.Latency{Seconds: 6, FirstToken: -1}, 4)
	now := noon.Add(6 * time.Minute)
	if got, ok := s.MeanLatency(now, time.Hour); got != 4.5 || !ok {
		t.Errorf("the mean of 3, 4, 5 and 6 is %v", got)
	}
	if got, _ := s.MeanLatency(now, 90*time.Second); got != 5.5 {
		t.Errorf("the mean of the last 90 seconds, 5 and 6, is %v", got)
	}
	for percentile, want := range map[float64]float64{0: 3.5, 0.25: 2, 0.5: 3, 0.51: 4, 1: 5} {
		if got, _ := s.FirstToken(now, time.Hour, percentile); got != want {
			t.Errorf("of 2, 3, 4 and 5 the percentile %v is %v, want %v", percentile, got, want)
		}
	}
}

func TestCountsAreThoseOfAMinuteByTheClock(t *testing.T) {
	t.Parallel()
	var s usage.State
	s.Begin(noon.Add(59 * time.Second))
	s.AddTokens(noon.Add(59*time.Second), 7)
	if requests, tokens := s.Minute(noon.Add(59999 * time.Millisecond)); requests != 1 || tokens != 7 {
		t.Errorf("%d requests, %d tokens in the same minute", requests, tokens)
	}
	if requests, tokens := s.Minute(noon.Add(time.Minute)); requests != 0 || tokens != 0 || s.InFlight() != 1 {
		t.Errorf("%d requests, %d tokens in the next minute, %d in flight", requests, tokens, s.InFlight())
	}
	s.AddTokens(noon.Add(59*time.Second), 5) // a clock that was set back
	if _, tokens := s.Minute(noon.Add(61 * time.Second)); tokens != 5 {
		t.Errorf("%d tokens", tokens)
	}
}

// TestThePartsOfTokensAreRead reads the usage as each kind of upstream tells it, and as broken
// ones do; several documents are the events of one stream.
func TestThePartsOfTokensAreRead(t *testing.T) {
	t.Parallel()
	type events []string
	for name, c := range map[string]struct {
		events
		want record.Tokens
	}{
		"chat": {events{`{"usage":{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},` +
			`"completion_tokens_details":{"reasoning_tokens":2}}}`}, record.Tokens{Known: true, Input: 9, Cached: 4, Output: 7, Reasoning: 2}},
		"LiteLLM": {events{`{"usage":{"prompt_tokens":130,"completion_tokens":7,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,` +
			`"prompt_tokens_details":{"cached_tokens":100,"cache_creation_tokens":20}}}`},
			record.Tokens{Known: true, Input: 130, Cached: 100, CacheWrite: 20, Output: 7}},
		"responses": {events{`{"type":"response.created","response":{"usage":null}}`, `{"response":{"usage":{"input_tokens":9,"output_tokens":7,` +
			`"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":2}}}}`},
			record.Tokens{Known: true, Input: 9, Cached: 4, Output: 7, Reasoning: 2}},
		"messages": {events{`{"message":{"usage":{"input_tokens":7,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,` +
			`"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":15},"output_tokens":1}}}`, `{"usage":{"output_tokens":9}}`},
			record.Tokens{Known: true, Input: 127, Cached: 100, CacheWrite: 20, CacheWriteHour: 15, Output: 9}},
		"messages twice": {events{`{"message":{"usage":{"input_tokens":7,"cache_read_input_tokens":100,"output_tokens":1}}}`,
			`{"usage":{"input_tokens":7,"cache_read_input_tokens":100,"output_tokens":9}}`},
			record.Tokens{Known: true, Input: 107, Cached: 100, Output: 9}},
		"google": {events{`{"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5}}`, `{"usageMetadata":{"promptTokenCount":5,"toolUsePromptTokenCount":1,` +
			`"cachedContentTokenCount":2,"candidatesTokenCount":3,"thoughtsTokenCount":4,"totalTokenCount":13}}`},
			record.Tokens{Known: true, Input: 6, Cached: 2, Output: 7, Reasoning: 4}},
		"xai": {events{`{"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":12,"completion_tokens_details":{"reasoning_tokens":4}}}`},
			record.Tokens{Known: true, Input: 5, Output: 7, Reasoning: 4}},
		"deepseek": {events{`{"usage":{"prompt_tokens":5,"prompt_cache_hit_tokens":2,"completion_tokens":3}}`},
			record.Tokens{Known: true, Input: 5, Cached: 2, Output: 3}},
		"so far in every chunk": {events{`{"usage":{"prompt_tokens":5,"completion_tokens":1}}`, `{"usage":{"prompt_tokens":5,"completion_tokens":2}}`},
			record.Tokens{Known: true, Input: 5, Output: 2}},
		"twice in one object": {events{`{"usage":{"prompt_tokens":5,"prompt_tokens":6,"completion_tokens":1},"usage":{"prompt_tokens":6}}`},
			record.Tokens{Known: true, Input: 6, Output: 1}},
		"python":          {events{`{"usage":{"prompt_tokens":5.0,"completion_tokens":2.5}}`}, record.Tokens{Known: true, Input: 5}},
		"parts too large": {events{`{"usage":{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":50,"cache_write_tokens":50}}}`}, record.Tokens{Known: true, Input: 5, Cached: 5, Output: 2}},
		"zero":            {events{`{"usage":{"prompt_tokens":0,"completion_tokens":0}}`}, record.Tokens{Known: true}},
		"negative":        {events{`{"usage":{"prompt_tokens":-5,"completion_tokens":-1,"prompt_tokens_details":{"cached_tokens":-1}}}`}, record.Tokens{}},
		"texts":           {events{`{"usage":{"prompt_tokens":"5","completion_tokens":null,"prompt_tokens_details":"x"}}`}, record.Tokens{}},
		"huge":            {events{`{"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":9999999999}}`}, record.Tokens{}},
		"a text":          {events{`{"choices":[{"delta":{"content":"\"usage\":{\"prompt_tokens\":5}"}}]}`}, record.Tokens{}},
		"empty":           {events{`{"usage":{}}`, `{"usage":[]}`, `{"usage":7}`}, record.Tokens{}},
	} {
		var got usage.Tokens
		for _, event := range c.events {
			got.Read([]byte(event))
		}
		if got.Tokens != c.want {
			t.Errorf("%s: %+v, want %+v", name, got.Tokens, c.want)
		}
	}
}

// FuzzTokens reads any document: parts are never larger than the whole, and nothing is negative.
func FuzzTokens(f *testing.F) {
	f.Add([]byte(`{"usage":{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4}}}`))
	f.Add([]byte(`{"message":{"usage":{"input_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":15},"cache_creation_input_tokens":20}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got usage.Tokens
		for range 2 {
			got.Read(data)
		}
		if got.Input < got.Cached+got.CacheWrite || got.CacheWrite < got.CacheWriteHour || got.Output < got.Reasoning ||
			min(got.Cached, got.CacheWrite, got.CacheWriteHour, got.Reasoning, got.Output) < 0 {
			t.Errorf("%+v", got.Tokens)
		}
	})
}

func TestTokensAreReadInAllDialects(t *testing.T) {
	t.Parallel()
	for data, want := range map[string][3]int{
		`{"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":9}}`:                        {3, 5, 9},
		`{"usage":{"prompt_tokens":3,"total_tokens":3}}`:                                              {3, 0, 3},
		`{"type":"message","usage":{"input_tokens":1,"cache_read_input_tokens":2,"output_tokens":4}}`: {3, 4, 7},
		`{"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":2}}}`:     {1, 2, 3},
		`{"usage":null}`: {},
		`{"usage":{"prompt_tokens":-1,"completion_tokens":1e9}}`: {}, `{"usage":{"prompt_tokens":"3"}}`: {},
		`{"usage":{`: {}, `{"message":{"message":{"usage":{"input_tokens":1}}}}`: {}, `"usage"`: {},
	} {
		var got usage.Tokens
		got.Read([]byte(data))
		if [3]int{got.Input, got.Output, got.Total()} != want || got.IsKnown() != (want[2] > 0) {
			t.Errorf("%s: %+v, want %v", data, got, want)
		}
	}
}
