package translate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

func TestStreamsSayWhatTheReplySaysHoweverTheyAreCut(t *testing.T) {
	t.Parallel()
	for _, from := range clients {
		for _, to := range upstreams {
			for _, c := range translatetest.All[to] {
				t.Run(from.String()+" over "+to.String()+" "+c.Name, func(t *testing.T) {
					t.Parallel()
					checkStream(t, from, to, &c)
				})
			}
		}
	}
}

func checkStream(t *testing.T, from, to translate.Dialect, c *translatetest.Played) {
	t.Helper()
	newCall := func() *translate.Call {
		_, call := mustRequest(t, from, to, fullRequest[from], options)
		return call
	}
	out, failure := translatetest.Stream(newCall(), c.Stream, 1<<20)
	for _, size := range []int{1, 2, 3, 7, 64} {
		if again, _ := translatetest.Stream(newCall(), c.Stream, size); string(again) != string(out) {
			t.Fatalf("in chunks of %d the client gets\n%s\nwhole\n%s", size, again, out)
		}
	}
	checkEvents(t, from, out)
	collected, err := newCall().Collect([]byte(c.Stream))
	if c.Failure != "" {
		if !strings.Contains(failure, c.Failure) || err == nil {
			t.Fatalf("failure %q and %v, want one that has %q; the client gets\n%s", failure, err, c.Failure, out)
		}
		checkFailed(t, from, out)
		return
	}
	if failure != "" || err != nil {
		t.Fatalf("%s, %v", failure, err)
	}
	if c.Reply == "" {
		return
	}
	whole, err := newCall().Reply([]byte(c.Reply))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := canonical(t, whole), canonical(t, collected); got != want {
		t.Errorf("the reply is\n%s\nand the stream says\n%s", got, want)
	}
}

// eventData are the data of a stream's events. An event line has to agree with
// its data's type.
func eventData(t *testing.T, out []byte) []string {
	t.Helper()
	var data []string
	for event := range strings.SplitSeq(strings.TrimSuffix(string(out), "\n\n"), "\n\n") {
		name := ""
		if rest, ok := strings.CutPrefix(event, "event: "); ok {
			name, event, _ = strings.Cut(rest, "\n")
		}
		text, ok := strings.CutPrefix(event, "data: ")
		if strings.HasPrefix(event, `{"error":{"code":`) { // Google's errors stand alone
			ok = true
		}
		if !ok || strings.Contains(text, "\n") {
			t.Fatalf("event %q", event)
		}
		if name != "" {
			var typed struct{ Type string }
			if err := json.Unmarshal([]byte(text), &typed); err != nil || typed.Type != name {
				t.Fatalf("event %s has the data %s: %v", name, text, err)
			}
		}
		data = append(data, text)
	}
	return data
}

// checkFailed checks that a stream ends in its dialect's error and has no good end.
func checkFailed(t *testing.T, d translate.Dialect, out []byte) {
	t.Helper()
	data := eventData(t, out)
	last := data[len(data)-1]
	var e struct {
		Type     string
		Error    *struct{ Message string }
		Response *struct {
			Status string
			Error  *struct{ Code, Message string }
		}
	}
	if err := json.Unmarshal([]byte(last), &e); err != nil {
		t.Fatalf("%v: %s", err, last)
	}
	ok := e.Error != nil && e.Error.Message != ""
	switch d {
	case translate.Messages:
		ok = ok && e.Type == "error"
	case translate.Responses:
		ok = e.Type == "response.failed" && e.Response.Status == "failed" && e.Response.Error.Code != "" &&
			e.Response.Error.Message != ""
	}
	if !ok || strings.Contains(string(out), "message_stop") || strings.Contains(string(out), "[DONE]") ||
		strings.Contains(string(out), "response.completed") || strings.Contains(string(out), "finishReason") {
		t.Errorf("the stream ends with\n%s", out)
	}
}
