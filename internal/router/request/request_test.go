package request_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestTheBodyPassesByteForByteExceptTheModel(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for body, want := range map[string]string{
		`{"model":"m","messages":[]}`: `{"model":"up-model","messages":[]}`,
		"{\n \"messages\" : [ {\"model\":\"m\"} ],\n\t\"model\" :\"m\" , \"x\":1e3}\r\n": "{\n \"messages\" : [ " +
			"{\"model\":\"m\"} ],\n\t\"model\" :\"up-model\" , \"x\":1e3}\r\n",
		`{"messages":[],"mod\u0065l":"\u006d"}`:                                      `{"messages":[],"mod\u0065l":"up-model"}`,
		`{"num_retries":1,"model":"m","messages":[]}`:                                `{"model":"up-model","messages":[]}`,
		`{"num_retries":1 , "timeout":5, "messages":[] ,"model":"m"}`:                `{ "messages":[] ,"model":"up-model"}`,
		`{"model":"m","messages":[],"fallbacks":[],"disable_fallbacks":true}`:        `{"model":"up-model","messages":[]}`,
		`{"model":"m","mock_response":"x","messages":[],"max_retries":3,"user":"u"}`: `{"model":"up-model","messages":[],"user":"u"}`,
	} {
		got := s.Send("POST", "/v1/chat/completions", body, nil)
		calls := s.Upstream.Calls()
		if got.Status != 200 || string(calls[len(calls)-1].Body) != want {
			t.Errorf("%s\n became %s\n want   %s (%d %s)", body, calls[len(calls)-1].Body, want, got.Status, got.Body)
		}
	}
}

func TestAnEnginePathNamesTheModel(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, strings.ReplaceAll(routertest.Minimal, "model_name: m", "model_name: a/b"), router.Options{})
	for body, want := range map[string]string{
		`{"messages":[]}`:                 `{"model":"up-model","messages":[]}`,
		`{"model":"other","messages":[]}`: `{"model":"up-model","messages":[]}`,
	} {
		for _, path := range []string{"/engines/a/b/chat/completions", "/openai/deployments/a%2Fb/chat/completions"} {
			got := s.Send("POST", path, body, nil)
			calls := s.Upstream.Calls()
			if got.Status != 200 || len(calls) == 0 || string(calls[len(calls)-1].Body) != want ||
				!strings.Contains(got.Body, `"model":"a/b"`) {
				t.Errorf("%s %s: %d %s", path, body, got.Status, got.Body)
			}
		}
	}
}

// FuzzWhatTheUpstreamGets holds the splicing against encoding/json: the
// upstream gets the same object with the model replaced and the router's own
// members gone.
func FuzzWhatTheUpstreamGets(f *testing.F) {
	for _, seed := range []string{`"x":1`, `"num_retries":1`, `"num_retries":2,"x":[1,{"model":2}]`,
		`"timeout":1,"fallbacks":null`, `"mock_response":"a","temperature":0.5,"max_retries":1`} {
		f.Add(seed, "")
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		body := strings.Join(nonEmpty(before, `"messages":[],"model":"m"`, after), ",")
		var object map[string]any
		if json.Unmarshal([]byte("{"+body+"}"), &object) != nil || object["model"] != "m" ||
			strings.Count(body, "odel") != 1 || strings.Contains(body, `\u`) || strings.ContainsRune(body, 0xfffd) {
			return
		}
		s := routertest.Start(t, routertest.Minimal, router.Options{})
		if got := s.Send("POST", "/v1/completions", "{"+body+"}", nil); got.Status != 200 {
			return
		}
		object["model"] = "up-model"
		for key := range object {
			switch key {
			case "num_retries", "timeout", "fallbacks", "disable_fallbacks", "max_retries", "mock_response",
				"context_window_fallbacks", "stream_timeout":
				delete(object, key)
			}
		}
		var sent map[string]any
		if err := json.Unmarshal(s.Upstream.Calls()[0].Body, &sent); err != nil || !reflect.DeepEqual(sent, object) {
			t.Fatalf("{%s} became %s (%v)", body, s.Upstream.Calls()[0].Body, err)
		}
	})
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func TestBadRequestsAreRefusedBeforeTheUpstream(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{MaxBody: 1000})
	for body, want := range map[string]string{
		``:                             `Invalid JSON payload: expected a JSON object: line 1 column 1 (char 0)`,
		"{\"model\":\"m\",\n\"x\":\n}": `line 3 column 1 (char 19)`,
		`{"model":"m","messages":[]`:   `unexpected end of the object`,
		`{"model":"m","model":"n","messages":[]}`:                    `names 'model' twice`,
		`{"model":5,"model":"m","messages":[]}`:                      `names 'model' twice`,
		`{"model":"m","model":null,"messages":[]}`:                   `names 'model' twice`,
		`{"model":"m","messages":[],"Model":"n"}`:                    `names 'model' twice`,
		`{"MODEL":"n","model":"m","messages":[]}`:                    `names 'model' twice`,
		`{"model":1,"messages":[]}`:                                  `Invalid model name passed in model=None`,
		`{"model":"m","messages":null}`:                              `Missing required parameter: 'messages'`,
		`{"model":"m","messages":[],"base_url":"http://x"}`:          `base_url is not allowed`,
		`{"model":"m","messages":[],"api\u005fkey":"x"}`:             `api_key is not allowed`,
		`{"model":"m","messages":[],"num_retries":-1}`:               `num_retries must be`,
		`{"model":"m","messages":[],"timeout":0}`:                    `timeout must be`,
		`{"model":"m","messages":[],"mock_testing_x":1}`:             `Mock testing request params are disabled`,
		`{"model":"` + strings.Repeat("x", 500) + `","messages":[]}`: strings.Repeat("x", 200) + "…",
	} {
		got := s.Send("POST", "/v1/chat/completions", body, nil)
		var e struct {
			Error struct{ Message, Code string }
		}
		if err := json.Unmarshal([]byte(got.Body), &e); err != nil || got.Status != 400 || e.Error.Code != "400" ||
			!strings.Contains(e.Error.Message, want) {
			t.Errorf("%s: %d %s; want %q", body, got.Status, got.Body, want)
		}
	}
	if n := len(s.Upstream.Calls()); n != 0 {
		t.Errorf("%d requests went upstream", n)
	}
}

// unsized hides a reader's length, so that the client sends it in chunks.
type unsized struct{ io.Reader }

func TestABodyThatIsTooLongIs413HoweverItIsSent(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{MaxBody: 10_000})
	for size, want := range map[int]int{9_000: 200, 10_000: 200, 10_001: 413, 3_000_000: 413} {
		head := `{"model":"m","messages":[],"pad":"`
		body := head + strings.Repeat("x", size-len(head)-2) + `"}`
		for _, r := range []io.Reader{strings.NewReader(body), unsized{strings.NewReader(body)}} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/chat/completions", r)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer sk-test")
			res, err := routertest.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			reply, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%d bytes as %T: %d %s", size, r, res.StatusCode, reply)
			}
		}
	}
}

func TestLongBodiesAndRepliesPassWhole(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: big"), router.Options{})
	for _, size := range []int{1, 4_000, 16_000, 100_000, 3_000_000} {
		text := strings.Repeat("\\n\\\"", size/4) + "end"
		got := s.Chat("m", `,"pad":"`, text, `"`)
		calls := s.Upstream.Calls()
		if got.Status != 200 || len(got.Body) < 2<<20 || !strings.Contains(got.Body, `"model":"m"`) ||
			!json.Valid([]byte(got.Body)) {
			t.Errorf("%d: %d, %d bytes", size, got.Status, len(got.Body))
		}
		if got.Header.Get("Content-Length") != fmt.Sprint(len(got.Body)) {
			t.Errorf("content-length %s for %d bytes", got.Header.Get("Content-Length"), len(got.Body))
		}
		if sent := string(calls[len(calls)-1].Body); !strings.HasSuffix(sent, text+`"}`) || !json.Valid([]byte(sent)) {
			t.Errorf("%d: %d bytes reached the upstream", size, len(sent))
		}
	}
}

func TestACompressedReplyIsDecodedThoughNoneWasAskedFor(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: gzip"), router.Options{})
	got := s.Chat("m")
	if got.Status != 200 || got.Header.Get("Content-Encoding") != "" || !strings.Contains(got.Body, `"model":"m"`) {
		t.Errorf("%d %q %q", got.Status, got.Header.Get("Content-Encoding"), got.Body)
	}
	if enc := s.Upstream.Calls()[0].Header.Get("Accept-Encoding"); enc != "identity" {
		t.Errorf("accept-encoding %q", enc)
	}
}

func TestTokensAreCountedByTheUpstreamOrEstimated(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "a: a/up", "old: nopath", "bad: fail-500", "html: html"), router.Options{})
	for model, want := range map[string]string{
		"a":    `{"input_tokens":42,"litellm_count_source":"provider"}`,
		"old":  `{"input_tokens":14,"litellm_count_source":"local_estimate"}`,
		"bad":  `{"input_tokens":14,"litellm_count_source":"local_estimate"}`,
		"html": `{"input_tokens":14,"litellm_count_source":"local_estimate"}`,
		"nope": `{"input_tokens":14,"litellm_count_source":"local_estimate"}`,
	} {
		got := s.Send("POST", "/v1/messages/count_tokens?beta=true",
			`{"model":"`+model+`","messages":["0123456789"],"system":"0123456789012345678901234"}`, nil)
		if got.Status != 200 || got.Body != want {
			t.Errorf("%s: %d %s, want %s", model, got.Status, got.Body, want)
		}
	}
	if n := len(s.Upstream.Calls()); n != 4 {
		t.Errorf("%d calls: an estimate is quicker than a retry", n)
	}
}

func TestAnUpstreamThatPrintsItsKeyDoesNotGiveItAway(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, strings.Replace(routertest.Groups(routertest.WithoutRetries, "m: fail-500"), "k-secret", "upstream says", 1), router.Options{})
	if got := s.Chat("m"); strings.Contains(got.Body, "upstream says") || !strings.Contains(got.Body, "[key] 500") {
		t.Error(got.Body)
	}
}

func TestAPathAndABodyCannotNameTwoModels(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	got := s.Send("POST", "/engines/m/chat/completions", `{"model":5,"messages":[]}`, nil)
	if got.Status != 400 || !strings.Contains(got.Body, "not a text") || len(s.Upstream.Calls()) != 0 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestACallIDThatCouldBreakAReplyIsReplaced(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", `m: x | mock_response: hi`), router.Options{})
	for id, kept := range map[string]bool{"a-1_B.c:d": true, `a","evil":"b`: false, "a b": false,
		strings.Repeat("x", 129): false, "ä": false, `a\`: false} {
		got := s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`,
			map[string]string{"X-Litellm-Call-Id": id})
		if has := got.Header.Get("X-Litellm-Call-Id"); (has == id) != kept || has == "" || !json.Valid([]byte(got.Body)) ||
			strings.Contains(got.Body, "evil") {
			t.Errorf("%q became %q: %s", id, has, got.Body)
		}
	}
}
