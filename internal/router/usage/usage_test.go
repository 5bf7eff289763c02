package usage_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/usage"
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
