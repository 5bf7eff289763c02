package shared_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/shared"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

func TestEventsComeOutAsTheyWentIn(t *testing.T) {
	t.Parallel()
	for _, e := range []cooldown.Event{
		{Kind: cooldown.Began, Left: 5 * time.Second, Failure: cooldown.Failure{Status: 429, Class: "RateLimitError",
			FromRateLimit: true}},
		{Kind: cooldown.Began, Left: time.Millisecond, Failure: cooldown.Failure{Status: 500, Cause: "refused"}},
		{Kind: cooldown.Ended}, {Kind: cooldown.TrialBegan}, {Kind: cooldown.TrialEnded},
	} {
		events, ok := shared.DecodeEvents(shared.EncodeEvent("origin", "id", e))
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
		if events, ok := shared.DecodeEvents(text); ok != isMessage || len(events) != 0 {
			t.Errorf("%.60q: %v, %+v", text, ok, events)
		}
	}
}

func TestALineThatIsNotUnderstoodDoesNotHideTheNext(t *testing.T) {
	t.Parallel()
	events, ok := shared.DecodeEvents("1 origin\nfuture a b c\ncool x\ncool id 5000 429 C - 1 more words\nwarm other")
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
	events, ok := shared.DecodeEvents(shared.EncodeEvent("origin", "id", e))
	if !ok || len(events) != 1 || !strings.HasPrefix(events["id"].Failure.Class, "An_Error_warm_id_") {
		t.Errorf("%v, %+v", ok, events)
	}
}

func TestAStoredCooldownIsReadWithItsRest(t *testing.T) {
	t.Parallel()
	e, ok := shared.DecodeStored("1 429 RateLimitError - 1", 3*time.Second)
	if !ok || e.Left != 3*time.Second || e.Failure.Status != 429 || !e.Failure.FromRateLimit {
		t.Errorf("%+v, %v", e, ok)
	}
	for value, left := range map[string]time.Duration{"": time.Second, "2 429 - - 0": time.Second, "1 429 - - 0": -2,
		"1 429 -": time.Second, "1 429 - - 1": -1, "1 429 - x 0": 400 * 24 * time.Hour} {
		if e, ok := shared.DecodeStored(value, left); ok {
			t.Errorf("%q, %v: %+v", value, left, e)
		}
	}
}

func TestNamesDependOnTheGatewayKeyAndShowNothing(t *testing.T) {
	t.Parallel()
	prefix, id := shared.Prefix("sk-gateway-1", "", "deployment-a")
	again, sameID := shared.Prefix("sk-gateway-1", "", "deployment-a")
	other, otherID := shared.Prefix("sk-gateway-2", "", "deployment-a")
	_, third := shared.Prefix("sk-gateway-1", "", "deployment-b")
	spaced, _ := shared.Prefix("sk-gateway-1", "team", "deployment-a")
	switch {
	case prefix != again || id != sameID:
		t.Error("replicas have different names")
	case prefix == other || id == otherID || id == third:
		t.Error("names of two things are the same")
	case spaced != "team:"+prefix:
		t.Errorf("with a namespace: %s, without: %s", spaced, prefix)
	case strings.Contains(prefix+id, "gateway") || strings.Contains(prefix+id, "deployment"):
		t.Errorf("%s%s shows what it stands for", prefix, id)
	}
}

func TestSumsAreReadOnlyWhenTheyMakeSense(t *testing.T) {
	t.Parallel()
	sums, flights, owners := shared.DecodeSums("1 o\nsum a 7 5000 3 4.5\nnow b 2\npin c d\nsum z 7 5000 3 4 more")
	want := tally.Total{Window: 7, Left: 5 * time.Second, Sums: tally.Sums{3, 4.5}}
	if sums["a"] != want || len(sums) != 2 || flights["b"] != 2 || owners["c"] != "d" {
		t.Errorf("%+v, %v, %v", sums, flights, owners)
	}
	for _, line := range []string{"sum a 0 5 1 1", "sum a x 5 1 1", "sum a 7 -1 1 1", "sum a 7 5 -1 1", "sum a 7 5 NaN 1",
		"sum a 7 5 1 +Inf", "sum a 7 5 1e16 1", "sum a 7 5 1", "sum a 7 99999999999999 1 1", "now a -1", "now a x", "now a",
		"now a 99999999999", "pin a", "pin a ", "pin a -", "pin a b\x1b"} {
		if sums, flights, owners := shared.DecodeSums("1 o\n" + line); len(sums)+len(flights)+len(owners) != 0 {
			t.Errorf("%q: %v, %v, %v", line, sums, flights, owners)
		}
	}
}

func TestNamesOfSessionsAreEncrypted(t *testing.T) {
	t.Parallel()
	k := affinity.NewKey("session m", "session-0001")
	name, back, ok := shared.SealAndUnseal("sk-gateway-1", k)
	other, _, _ := shared.SealAndUnseal("sk-gateway-2", k)
	if !ok || back != k || name == other || name == hex.EncodeToString(k[:]) {
		t.Errorf("%s, %v, %v; with another key %s", name, back, ok, other)
	}
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add("1 origin\nalive\ncool id 5000 429 RateLimitError refused 1\nwarm a\ntry a\ntried a\nbye")
	f.Add("1 origin\ncool id 1 0 - - 0")
	f.Add("1 o\nsum a 7 5000 3 4.5\nnow b 2\npin c d")
	f.Fuzz(func(t *testing.T, text string) {
		sums, flights, _ := shared.DecodeSums(text)
		for id, s := range sums {
			if s.Window < 1 || s.Left < 0 || !(s.Sums[0] >= 0 && s.Sums[1] >= 0) || flights[id] < 0 {
				t.Errorf("%q: %q: %+v", text, id, s)
			}
		}
		events, ok := shared.DecodeEvents(text)
		for id, e := range events {
			if !ok || id == "" || len(id) > 64 || e.Left < 0 || e.Kind == cooldown.Began && e.Left == 0 {
				t.Errorf("%q: %q: %+v", text, id, e)
			}
			again, _ := shared.DecodeEvents(shared.EncodeEvent("o", id, e))
			if again[id] != e {
				t.Errorf("%+v came out as %+v", e, again[id])
			}
		}
	})
}
