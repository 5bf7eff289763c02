package affinity_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
)

func TestAStoreForgetsWhatWasNotUsedForItsTTLAndTheOldest(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := affinity.NewStore(100, time.Minute, func() time.Time { return now })
	owner := &affinity.Owner{Deployment: "d", Account: "a"}
	key := func(i int) affinity.Key { return affinity.NewKey("session", fmt.Sprint(i)) }
	s.Set(key(0), owner)
	now = now.Add(time.Minute)
	if got, ok := s.Find(key(0)); got != *owner || !ok {
		t.Errorf("after a minute: %v, %v", got, ok)
	}
	now = now.Add(time.Nanosecond)
	if _, ok := s.Find(key(0)); ok || s.Size() != 0 {
		t.Errorf("after more than a minute it is still known, with %d others", s.Size())
	}
	for i := range 1000 {
		s.Set(key(i), owner)
		s.Find(key(0)) // is used all the time
	}
	_, first := s.Find(key(0))
	_, second := s.Find(key(1))
	_, last := s.Find(key(999))
	if s.Size() != 100 || !first || second || !last {
		t.Errorf("%d keys; the one in use %v, an old one %v, the newest %v", s.Size(), first, second, last)
	}
	if affinity.NewKey("session", "x") == affinity.NewKey("key", "x") {
		t.Error("ids of different kinds have one key")
	}
}

func TestStateIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	const long = "0123456789abcdef"
	for doc, want := range map[string][]string{
		`{"input":[{"encrypted_content":"` + long + `"},{"encrypted_content" : "x` + long + `"}]}`: {long, "x" + long},
		`{"delta":{"type":"signature_delta","signature":"` + long + `"}}`:                          {long},
		`{"extra_content":{"google":{"thought_signature":"` + long + `"}}}`:                        {long},
		`{"parts":[{"thoughtSignature":"` + long + `"}]}`:                                          {long},
		`{"item":{"type":"reasoning","id":"rs_` + long + `"}}`:                                     {"rs_" + long},
		`{"text":"\"encrypted_content\":\"` + long + `\""}`:                                        nil,
		`{"signature":"short"}`: nil, `{"signature":null}`: nil,
		`{"signature":"` + long: nil, `{"signature"`: nil, `{"signature":`: nil,
		`{"signature":"has \" an escape in it"}`: nil, `"rs_`: nil, ``: nil,
	} {
		var got []string
		affinity.EachState([]byte(doc), func(value []byte) { got = append(got, string(value)) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", doc, got, want)
		}
	}
}

func TestIDsOfWhatAnUpstreamKeepsAreFound(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string][]string{
		`{"id":"resp_1","output":[{"id":"msg_1"}]}`:                           {"resp_1"},
		`{"type":"response.created","response":{"id":"resp_1"}}`:              {"resp_1"},
		`{"id":"msg_1","container":{"id":"container_1","expires_at":"2026"}}`: {"msg_1", "container_1"},
		`{"type":"message_delta","delta":{"container":{"id":"container_1"}}}`: {"container_1"},
		`{"container":"container_1","id":7}`:                                  {"container_1"},
		`{"container":null,"id":""}`:                                          nil, `{"response":{`: nil, `[]`: nil,
	} {
		var got []string
		affinity.EachKeptID([]byte(doc), func(id []byte) { got = append(got, string(id)) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", doc, got, want)
		}
	}
}

func FuzzState(f *testing.F) {
	for _, seed := range []string{`{"signature":"0123456789abcdef"}`, `{"encrypted_content" :"rs_\"`, `"rs_0123456789ab"`,
		`{"container":{"id":"x"}}`, `{"messages":[{"cache_control":{"type":"ephemeral"}}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		inside := func(value []byte) {
			if len(value) > len(doc) {
				t.Errorf("%q has the state %q", doc, value)
			}
		}
		affinity.EachState([]byte(doc), inside)
		affinity.EachKeptID([]byte(doc), inside)
		var m affinity.Marks
		for _, key := range []string{"messages", "metadata", "session_id", "conversation", "prompt_cache_key", "system"} {
			m.Note([]byte(key), []byte(doc))
		}
		affinity.SessionOf(nil, &m)
		if got := affinity.PromptKeys("g", &m); len(got) > 20 {
			t.Errorf("%d keys", len(got))
		}
	})
}
