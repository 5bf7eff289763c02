package router_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

const sayHi = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`

// google is an upstream that has Google's dialect. It answers with events where it is
// asked for a stream, and keeps the last request's address and body.
func google(last *atomic.Value) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last.Store(r.URL.String() + " " + r.Header.Get("X-Goog-Api-Key") + " " + string(body))
		switch {
		case strings.HasSuffix(r.URL.Path, ":countTokens"):
			fmt.Fprint(w, `{"totalTokens":7}`)
		case strings.HasSuffix(r.URL.Path, ":streamGenerateContent"):
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}],\"role\":\"model\"}}]}\r\n\r\n"+
				"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}],\"role\":\"model\"},\"finishReason\":\"STOP\"}]}\r\n\r\n")
		default:
			fmt.Fprint(w, `{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP"}]}`)
		}
	}
}

func TestGooglesDialectPassesToAnUpstreamThatHasIt(t *testing.T) {
	t.Parallel()
	var last atomic.Value
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, google(&last))
	for path, want := range map[string]struct{ asked, reply string }{
		"/v1beta/models/m:generateContent": {"/v1beta/models/up-model:generateContent",
			`{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP"}]}`},
		"/v1/models/m:generateContent": {"/v1beta/models/up-model:generateContent", `Hello`},
		"/v1beta/models/m:streamGenerateContent?alt=sse": {"/v1beta/models/up-model:streamGenerateContent?alt=sse",
			"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}],\"role\":\"model\"}}]}\r\n\r\ndata: "},
		"/v1beta/models/m:countTokens": {"/v1beta/models/up-model:countTokens", `"totalTokens":7`},
	} {
		got := s.Send("POST", path, sayHi, nil)
		if got.Status != 200 || !strings.Contains(got.Body, want.reply) {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		if asked := last.Load().(string); asked != want.asked+" k-up "+sayHi {
			t.Errorf("%s: the upstream got %s", path, asked)
		}
	}
}

func TestAStreamOfGooglesWithoutEventsIsAList(t *testing.T) {
	t.Parallel()
	var last atomic.Value
	native := routertest.StartBefore(t, routertest.Minimal, router.Options{}, google(&last))
	handler, _, _ := chatOnly(writeText)
	translated := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	for name, s := range map[string]*routertest.Stack{"native": native, "translated": translated} {
		got := s.Send("POST", "/v1beta/models/m:streamGenerateContent", sayHi, nil)
		var list []struct {
			Candidates []struct {
				Content      struct{ Parts []struct{ Text string } }
				FinishReason string
			}
		}
		if err := json.Unmarshal([]byte(got.Body), &list); err != nil || len(list) < 2 ||
			got.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %v: %s %s", name, err, got.Header, got.Body)
		}
		text := ""
		for _, e := range list {
			text += e.Candidates[0].Content.Parts[0].Text
		}
		if text != "Hello" || list[len(list)-1].Candidates[0].FinishReason != "STOP" {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	got := native.Send("POST", "/v1beta/models/gone:streamGenerateContent", sayHi, nil)
	if got.Status != 400 || !strings.HasPrefix(got.Body, `[{"error":{"code":400,`) || !strings.HasSuffix(got.Body, "}]") {
		t.Errorf("an error: %d %s", got.Status, got.Body)
	}
}

func TestGooglesDialectIsTranslatedForAnUpstreamThatLacksIt(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"gin": "404 page not found",
		"Express": "Cannot POST /v1beta/models/up-model:generateContent", "FastAPI": `{"detail":"Not Found"}`} {
		handler, last, missing := chatOnly(writeText)
		s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v1beta/") {
				missing.Add(1)
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, body)
				return
			}
			handler(w, r)
		})
		for range 2 {
			got := s.Send("POST", "/v1beta/models/m:generateContent",
				`{"contents":[{"parts":[{"text":"hi"}]}],"safetySettings":[{"category":"X","threshold":"Y"}],`+
					`"generationConfig":{"topK":3}}`, nil)
			if got.Status != 200 || !strings.Contains(got.Body, `{"text":"Hello"}`) ||
				!strings.Contains(got.Body, `"modelVersion":"m"`) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
			if dropped := got.Header.Get("x-flowgate-dropped"); dropped != "safetySettings, generationConfig.topK" {
				t.Errorf("%s: dropped %q", name, dropped)
			}
		}
		if missing.Load() != 1 || !strings.Contains(last.Load().(string), `"model":"up-model"`) {
			t.Errorf("%s: asked %d times for the missing route, then %s", name, missing.Load(), last.Load())
		}
	}
}

func TestGooglesCountIsAnEstimateWhereNoUpstreamCounts(t *testing.T) {
	t.Parallel()
	handler, _, _ := chatOnly(writeText)
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, handler)
	text := strings.Repeat("four ", 800)
	got := s.Send("POST", "/v1beta/models/m:countTokens", `{"contents":[{"parts":[{"text":"`+text+`"}]}]}`, nil)
	var reply struct {
		TotalTokens int
		Source      string `json:"litellm_count_source"`
	}
	if err := json.Unmarshal([]byte(got.Body), &reply); err != nil || reply.TotalTokens < 680 || reply.TotalTokens > 920 ||
		reply.Source != "local_estimate" {
		t.Errorf("%v: %s", err, got.Body)
	}
}

func TestGooglesClientsHaveTheirKeyInThreePlaces(t *testing.T) {
	t.Parallel()
	var last atomic.Value
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, google(&last))
	for path, c := range map[string]struct {
		header map[string]string
		status int
	}{
		"/v1beta/models/m:generateContent":             {map[string]string{"Authorization": "", "X-Goog-Api-Key": "sk-test"}, 200},
		"/v1beta/models/m:generateContent?key=sk-test": {map[string]string{"Authorization": ""}, 200},
		"/v1beta/models/m:generateContent?key=sk-none": {map[string]string{"Authorization": ""}, 401},
		"/v1beta/models/m:generateContent?alt=sse":     {map[string]string{"Authorization": ""}, 401},
		"/v1/chat/completions?key=sk-test":             {map[string]string{"Authorization": ""}, 401},
	} {
		got := s.Send("POST", path, sayHi, c.header)
		if got.Status != c.status {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		if c.status == 401 && strings.HasPrefix(path, "/v1beta") && !strings.Contains(got.Body, `"status":"UNAUTHENTICATED"`) {
			t.Errorf("%s: %s", path, got.Body)
		}
	}
	if asked := last.Load().(string); strings.Contains(asked, "sk-test") {
		t.Errorf("the upstream got the client's key: %s", asked)
	}
}

func TestModelsAreListedInGooglesForm(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "gpt: a", "a/b: b"), router.Options{})
	got := s.Send("GET", "/v1beta/models", "", nil)
	if got.Status != 200 || !strings.HasPrefix(got.Body, `{"models":[{"name":"models/gpt","displayName":"gpt",`) {
		t.Error(got.Status, got.Body)
	}
	if got := s.Send("GET", "/v1beta/models/a/b", "", nil); got.Status != 200 || !strings.HasPrefix(got.Body, `{"name":"models/a/b"`) {
		t.Error(got.Status, got.Body)
	}
	if got := s.Send("GET", "/v1beta/models/none", "", nil); got.Status != 404 || !strings.Contains(got.Body, `"status":"NOT_FOUND"`) {
		t.Error(got.Status, got.Body)
	}
	if got := s.Send("GET", "/v1/models", "", nil); !strings.Contains(got.Body, `"object":"list"`) {
		t.Error(got.Body)
	}
}

// TestAnErrorWithinAStreamOfGooglesIsSeen has the upstream fail in Google's own way: the
// error stands outside of the events, on several lines.
func TestAnErrorWithinAStreamOfGooglesIsSeen(t *testing.T) {
	t.Parallel()
	const failure = "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"overloaded there\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n"
	for name, events := range map[string]string{"at once": "", "later": "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}],\"role\":\"model\"}}]}\r\n\r\n"} {
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{},
			routertest.Answer("text/event-stream", events+failure))
		got := s.Send("POST", "/v1beta/models/m:streamGenerateContent?alt=sse", sayHi, nil)
		if strings.Count(got.Body, `"error"`) != 1 || !strings.Contains(got.Body, "overloaded there") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if wanted := map[string]int{"at once": 503, "later": 200}[name]; got.Status != wanted {
			t.Errorf("%s: %d", name, got.Status)
		}
		if n := s.CountLogged("stream failed") + s.CountLogged("attempt failed"); n != 1 {
			t.Errorf("%s: %d failures: %s", name, n, s.Log.String())
		}
	}
}

func TestAMockAnswersInGooglesDialect(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, mock_response: mocked}", 1), router.Options{})
	for _, method := range []string{"generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"} {
		if got := s.Send("POST", "/v1beta/models/m:"+method, sayHi, nil); got.Status != 200 || !strings.Contains(got.Body, `{"text":"mocked"}`) {
			t.Error(method, got.Status, got.Body)
		}
	}
}

func TestKeepAlivesOfGooglesStreamsAreEmptyLines(t *testing.T) {
	t.Parallel()
	wait := make(chan struct{})
	s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, keepalive_seconds: 0.02}", 1),
		router.Options{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			<-wait
			fmt.Fprint(w, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}],\"role\":\"model\"},\"finishReason\":\"STOP\"}]}\n\n")
		})
	for _, query := range []string{"?alt=sse", ""} {
		res := s.Open(t.Context(), "/v1beta/models/m:streamGenerateContent"+query, sayHi)
		first := make([]byte, 2)
		if _, err := io.ReadFull(res.Body, first); err != nil || strings.TrimSpace(string(first)) != "" {
			t.Fatalf("%s: %q, %v", query, first, err)
		}
		if query == "" {
			close(wait)
		} else {
			wait <- struct{}{}
		}
		rest, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(rest), "Hello") || strings.Contains(string(rest), "keep-alive") {
			t.Errorf("%s: %s, %v", query, rest, err)
		}
	}
}

// TestAGroupCountsByTheUpstreamThatCan has one that can count and one that turns out not
// to, whichever is chosen first.
func TestAGroupCountsByTheUpstreamThatCan(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/v1/messages/count_tokens": `{"input_tokens":42,`, "/v1beta/models/m:countTokens": `{"totalTokens":42,`} {
		for _, first := range []float64{0, 0.9} {
			asked := map[string]int{}
			var mu sync.Mutex
			up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				lacks := strings.Contains(string(body)+r.URL.Path, "lacks")
				mu.Lock()
				asked[fmt.Sprint(lacks)]++
				mu.Unlock()
				if lacks {
					http.NotFound(w, r)
					return
				}
				fmt.Fprint(w, strings.TrimSuffix(want, ",")+"}")
			})
			s := routertest.StartAt(t, up.Addr(), routertest.Groups("", "m: lacks counts"), router.Options{Rand: func() float64 { return first }})
			for range 3 {
				got := s.Send("POST", path, `{"model":"m","messages":[{"role":"user","content":"hi"}],"contents":[]}`, nil)
				if !strings.HasPrefix(got.Body, want) || !strings.Contains(got.Body, `"provider"`) {
					t.Errorf("%s, %v: %s", path, first, got.Body)
				}
			}
			mu.Lock()
			if asked["true"] > 1 || asked["false"] != 3 {
				t.Errorf("%s, %v: asked %v", path, first, asked)
			}
			mu.Unlock()
		}
	}
}

// TestAStreamOfGooglesMayEndWithoutAText has a prompt that was blocked, and a reply that
// the limit ended before its first word; but one of empty texts alone is none.
func TestAStreamOfGooglesMayEndWithoutAText(t *testing.T) {
	t.Parallel()
	for events, status := range map[string]int{ // 0: an error behind the text
		`{"promptFeedback":{"blockReason":"SAFETY"}}`:                                                                 200,
		`{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]}`:                                   200,
		`{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"}}]}`:                                         502,
		`{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}}]}`:                                        0,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}],"role":"model"},"finishReason":"STOP"}]}`: 200,
	} {
		s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, num_retries: 0}", 1), router.Options{},
			routertest.Answer("text/event-stream", "data: "+events+"\n\n"))
		got := s.Send("POST", "/v1beta/models/m:streamGenerateContent?alt=sse", sayHi, nil)
		switch begun := "data: " + events + "\n\n"; status {
		case 0: // the error stands alone, as Google's own does
			if got.Status != 200 || !strings.HasPrefix(got.Body, begun+`{"error":{"code":500,`) {
				t.Errorf("%s: %d %s", events, got.Status, got.Body)
			}
		case 200:
			if got.Status != 200 || got.Body != begun {
				t.Errorf("%s: %d %s", events, got.Status, got.Body)
			}
		default:
			if got.Status != status {
				t.Errorf("%s: %d %s", events, got.Status, got.Body)
			}
		}
	}
}

func TestAModelThatGoogleDoesNotHaveIsNotAMissingRoute(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	yaml := routertest.Minimal + routertest.WithoutCooldowns
	s := routertest.StartBefore(t, yaml, router.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":{"code":404,"message":"models/up-model is not found","status":"NOT_FOUND"}}`)
	})
	for range 2 {
		got := s.Send("POST", "/v1beta/models/m:generateContent", sayHi, nil)
		if got.Status != 404 || !strings.Contains(got.Body, `"status":"NOT_FOUND"`) {
			t.Error(got.Status, got.Body)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// TestAKeepAliveOfGooglesEndsNoEvent has the upstream pause between the two line ends.
func TestAKeepAliveOfGooglesEndsNoEvent(t *testing.T) {
	t.Parallel()
	const event = `data: {"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP"}]}`
	s := routertest.StartBefore(t, strings.Replace(routertest.Minimal, "k-up}", "k-up, keepalive_seconds: 0.02}", 1),
		router.Options{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, event+"\n")
			w.(http.Flusher).Flush()
			time.Sleep(200 * time.Millisecond)
			fmt.Fprint(w, "data: \n\n")
		})
	got := s.Send("POST", "/v1beta/models/m:streamGenerateContent?alt=sse", sayHi, nil)
	stream := strings.TrimLeft(got.Body, "\n") // on a busy machine keep-alives come before the event, too
	if !strings.HasPrefix(stream, event+"\ndata: \n\n") {
		t.Errorf("%q", got.Body)
	}
}

func TestParametersOfAnEntryReachGooglesRequests(t *testing.T) {
	t.Parallel()
	var last atomic.Value
	s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: gemini/up, api_base: http://UP, api_key: k-up, temperature: 0.5, max_tokens: 9, stop: END,
      reasoning_effort: low, seed: 7, tools: [], extra_body: {labels: {a: b}}, additional_drop_params: [safetySettings]}}
  - {model_name: claude, litellm_params: {model: gemini/up, api_base: http://UP, api_key: k-up, thinking: {type: enabled, budget_tokens: 500}}}
  - {model_name: silent, litellm_params: {model: gemini/up, api_base: http://UP, api_key: k-up, reasoning_effort: 5, thinking: {type: adaptive}}}
general_settings: {master_key: sk-test}
`, router.Options{}, google(&last))
	for _, c := range []struct{ group, body, config, dropped string }{
		{"m", sayHi, `{"temperature":0.5,"maxOutputTokens":9,"stopSequences":["END"],"thinkingConfig":{"thinkingBudget":1024},"seed":7}`, "tools"},
		{"m", `{"contents":[],"generationConfig":{}}`,
			`{"temperature":0.5,"maxOutputTokens":9,"stopSequences":["END"],"thinkingConfig":{"thinkingBudget":1024},"seed":7}`, "tools"},
		{"m", `{"generation_config":{"max_output_tokens":1,"temperature":null,"stop_sequences":[],"thinking_config":{}},"contents":[],"safetySettings":[1]}`,
			`{"max_output_tokens":1,"temperature":null,"stop_sequences":[],"thinking_config":{},"seed":7}`, "tools"},
		{"m", `{"contents":[],"generationConfig":null}`,
			`{"temperature":0.5,"maxOutputTokens":9,"stopSequences":["END"],"thinkingConfig":{"thinkingBudget":1024},"seed":7}`, "tools"},
		{"claude", sayHi, `{"thinkingConfig":{"thinkingBudget":500}}`, ""},
		{"silent", sayHi, `null`, "reasoning_effort, thinking"},
	} {
		got := s.Send("POST", "/v1beta/models/"+c.group+":generateContent", c.body, nil)
		_, body, _ := strings.Cut(last.Load().(string), " k-up ")
		var sent struct {
			Config   any   `json:"generationConfig"`
			Snake    any   `json:"generation_config"`
			Labels   any   `json:"labels"`
			Contents []any `json:"contents"`
			Safety   any   `json:"safetySettings"`
		}
		if err := json.Unmarshal([]byte(body), &sent); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if sent.Config == nil {
			sent.Config = sent.Snake
		}
		var want any
		if err := json.Unmarshal([]byte(c.config), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(sent.Config, want) || sent.Contents == nil || sent.Safety != nil || (sent.Labels != nil) != (c.group == "m") {
			t.Errorf("%s %s: the upstream got %s", c.group, c.body, body)
		}
		if dropped := got.Header.Get("X-Flowgate-Dropped"); dropped != c.dropped || got.Status != 200 {
			t.Errorf("%s: %d, dropped %q", c.group, got.Status, dropped)
		}
	}
}
