package message_test

import (
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/shared/message"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// encodeEvent returns a message with one event.
func encodeEvent(origin, id string, e cooldown.Event) string {
	return string(message.AppendEvent([]byte(message.Head(origin)), id, e))
}

// decodeEvents returns the events in a message by their deployments, and whether it is a message.
func decodeEvents(text string) (events map[string]cooldown.Event, ok bool) {
	events = map[string]cooldown.Event{}
	ok = message.Decode(text, func(_ string, c message.Change) {
		if c.Event.Kind != 0 {
			events[c.ID] = c.Event
		}
	})
	return events, ok
}

// decodeSums returns the sums, the numbers in flight and the owners in a message, by id.
func decodeSums(text string) (sums map[string]tally.Total, flights map[string]int, owners map[string]string) {
	sums, flights, owners = map[string]tally.Total{}, map[string]int{}, map[string]string{}
	message.Decode(text, func(_ string, c message.Change) {
		switch c.Verb {
		case message.Sum:
			sums[c.ID] = c.Total
		case message.Now:
			flights[c.ID] = c.N
		case message.Pin:
			owners[c.ID] = c.Owner
		}
	})
	return sums, flights, owners
}

func TestEventsComeOutAsTheyWentIn(t *testing.T) {
	t.Parallel()
	for _, e := range []cooldown.Event{
		{Kind: cooldown.Began, Left: 5 * time.Second, Failure: cooldown.Failure{Status: 429, Class: "RateLimitError",
			FromRateLimit: true}},
		{Kind: cooldown.Began, Left: time.Millisecond, Failure: cooldown.Failure{Status: 500, Cause: "refused"}},
		{Kind: cooldown.Ended}, {Kind: cooldown.TrialBegan}, {Kind: cooldown.TrialEnded},
	} {
		events, ok := decodeEvents(encodeEvent("origin", "id", e))
		if !ok || events["id"] != e {
			t.Errorf("%+v came out as %+v, %v", e, events, ok)
		}
	}
}

func TestWhatIsNotAMessageIsNotObeyed(t *testing.T) {
	t.Parallel()
	good := "cool id 5000 429 RateLimitError - 0"
	for text, isMessage := range map[string]bool{
		"": false, "hello": false, "2 origin\n" + good: false, "1\n" + good: false, "1 -\n" + good: false,
		"1 or igin\n" + good: false, "1 o\x00\n" + good: false,
		"1 origin\n" + strings.Repeat("alive\n", 1<<16): false,
		"1 origin\ncool id 0 429 - - 0":                 true, "1 origin\ncool id -5 429 - - 0": true,
		"1 origin\ncool id 99999999999999999999 429 - - 0": true, "1 origin\ncool id 9000000000000 429 - - 0": true,
		"1 origin\ncool id 5000 1000 - - 0": true, "1 origin\ncool id 5000 x - - 0": true, "1 origin\ncool id 5000": true,
		"1 origin\ncool": true, "1 origin\nwarm": true, "1 origin\ncool i\x1bd 5000 429 - - 0": true,
		"1 origin\ncool id 5000 429 " + strings.Repeat("x", 100) + " - 0": true, "1 origin\nfuture id 1 2": true,
	} {
		if events, ok := decodeEvents(text); ok != isMessage || len(events) != 0 {
			t.Errorf("%.60q: %v, %+v", text, ok, events)
		}
	}
}

func TestALineThatIsNotUnderstoodDoesNotHideTheNext(t *testing.T) {
	t.Parallel()
	events, ok := decodeEvents("1 origin\nfuture a b c\ncool x\ncool id 5000 429 C - 1 more words\nwarm other")
	want := cooldown.Event{Kind: cooldown.Began, Left: 5 * time.Second,
		Failure: cooldown.Failure{Status: 429, Class: "C", FromRateLimit: true}}
	if !ok || events["id"] != want || events["other"].Kind != cooldown.Ended || len(events) != 2 {
		t.Errorf("%v, %+v", ok, events)
	}
}

func TestTextsBecomeOneWord(t *testing.T) {
	t.Parallel()
	e := cooldown.Event{Kind: cooldown.Began, Left: time.Second, Failure: cooldown.Failure{Status: 500,
		Class: "An Error\nwarm id " + strings.Repeat("x", 100)}}
	events, ok := decodeEvents(encodeEvent("origin", "id", e))
	if !ok || len(events) != 1 || !strings.HasPrefix(events["id"].Failure.Class, "An_Error_warm_id_") {
		t.Errorf("%v, %+v", ok, events)
	}
}

func TestAStoredCooldownIsReadWithItsRest(t *testing.T) {
	t.Parallel()
	e, ok := message.DecodeStored("1 429 RateLimitError - 1", 3*time.Second)
	if !ok || e.Left != 3*time.Second || e.Failure.Status != 429 || !e.Failure.FromRateLimit {
		t.Errorf("%+v, %v", e, ok)
	}
	for value, left := range map[string]time.Duration{"": time.Second, "2 429 - - 0": time.Second, "1 429 - - 0": -2,
		"1 429 -": time.Second, "1 429 - - 1": -1, "1 429 - x 0": 400 * 24 * time.Hour} {
		if e, ok := message.DecodeStored(value, left); ok {
			t.Errorf("%q, %v: %+v", value, left, e)
		}
	}
}

func TestSumsAreReadOnlyWhenTheyMakeSense(t *testing.T) {
	t.Parallel()
	sums, flights, owners := decodeSums("1 o\nsum a 7 5000 3 4.5\nnow b 2\npin c d\nsum z 7 5000 3 4 more")
	want := tally.Total{Window: 7, Left: 5 * time.Second, Sums: tally.Sums{3, 4.5}}
	if sums["a"] != want || len(sums) != 2 || flights["b"] != 2 || owners["c"] != "d" {
		t.Errorf("%+v, %v, %v", sums, flights, owners)
	}
	for _, line := range []string{"sum a 0 5 1 1", "sum a x 5 1 1", "sum a 7 -1 1 1", "sum a 7 5 -1 1", "sum a 7 5 NaN 1",
		"sum a 7 5 1 +Inf", "sum a 7 5 1e16 1", "sum a 7 5 1", "sum a 7 99999999999999 1 1", "now a -1", "now a x", "now a",
		"now a 99999999999", "pin a", "pin a ", "pin a -", "pin a b\x1b"} {
		if sums, flights, owners := decodeSums("1 o\n" + line); len(sums)+len(flights)+len(owners) != 0 {
			t.Errorf("%q: %v, %v, %v", line, sums, flights, owners)
		}
	}
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add("1 origin\nalive\ncool id 5000 429 RateLimitError refused 1\nwarm a\ntry a\ntried a\nbye")
	f.Add("1 origin\ncool id 1 0 - - 0")
	f.Add("1 o\nsum a 7 5000 3 4.5\nnow b 2\npin c d")
	f.Fuzz(func(t *testing.T, text string) {
		sums, flights, _ := decodeSums(text)
		for id, s := range sums {
			if s.Window < 1 || s.Left < 0 || !(s.Sums[0] >= 0 && s.Sums[1] >= 0) || flights[id] < 0 {
				t.Errorf("%q: %q: %+v", text, id, s)
			}
		}
		events, ok := decodeEvents(text)
		for id, e := range events {
			if !ok || id == "" || len(id) > 64 || e.Left < 0 || e.Kind == cooldown.Began && e.Left == 0 {
				t.Errorf("%q: %q: %+v", text, id, e)
			}
			again, _ := decodeEvents(encodeEvent("o", id, e))
			if again[id] != e {
				t.Errorf("%+v came out as %+v", e, again[id])
			}
		}
	})
}
