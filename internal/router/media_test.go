package router_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// newForm returns a form and its Content-Type; fields are names with their values behind them.
func newForm(t *testing.T, file []byte, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := w.CreateFormFile("file", "a.wav")
		if err == nil {
			_, err = part.Write(file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// readForm returns the parts of a form: the values, files by their names.
func readForm(t *testing.T, header http.Header, body []byte) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := parts[part.FormName()]; twice {
			t.Errorf("%s came twice", part.FormName())
		}
		parts[part.FormName()] = string(value)
	}
}

const beforeEcho = `model_list:
  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: k-up}, model_info: {id: id-m}}
general_settings: {master_key: sk-test}
`

func TestMediaRoutesAnswerUnderEverySpelling(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, beforeEcho, router.Options{}, echo.New(echo.Options{Keys: []string{"k-up"}}).ServeHTTP)
	form, kind := newForm(t, []byte("sound"), "model", "m", "prompt", "p", "response_format", "json")
	for _, c := range []struct {
		paths      []string
		body, kind string
		path, want string
	}{
		{[]string{"/v1/images/generations", "/images/generations", "/openai/deployments/m/images/generations"},
			`{"model":"m","prompt":"a cat","n":2}`, "", "data.#", "2"},
		{[]string{"/v1/images/edits", "/images/edits"}, form, kind, "data.0.revised_prompt", "echo: p"},
		{[]string{"/v1/images/variations", "/images/variations"}, form, kind, "data.#", "1"},
		{[]string{"/v1/audio/transcriptions", "/audio/transcriptions", "/openai/deployments/m/audio/transcriptions"},
			form, kind, "text", "echo: a.wav of 5 bytes"},
		{[]string{"/v1/audio/translations", "/audio/translations"}, form, kind, "text", "echo: a.wav of 5 bytes"},
		{[]string{"/v1/rerank", "/v2/rerank", "/rerank"},
			`{"model":"m","query":"red fox","documents":["a dog","the red fox"],"top_n":1}`, "", "results.0.index", "1"},
		{[]string{"/v1/moderations", "/moderations", "/openai/v1/moderations"}, `{"model":"m","input":"violence"}`, "",
			"results.0.flagged", "true"},
		{[]string{"/v1/responses/compact", "/responses/compact"},
			`{"model":"m","input":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}`, "", "output.1.type",
			"compaction"},
	} {
		for _, path := range c.paths {
			got := s.Send("POST", path, c.body, map[string]string{"Content-Type": c.kind})
			if got.Status != 200 || gjson.Get(got.Body, c.path).String() != c.want || got.Header.Get("X-Litellm-Model-Id") != "id-m" {
				t.Errorf("%s: %d %.300s", path, got.Status, got.Body)
			}
		}
	}
	got := s.Send("POST", "/v1/images/generations", `{"model":"m","prompt":"a cat"}`, nil)
	data, err := base64.StdEncoding.DecodeString(gjson.Get(got.Body, "data.0.b64_json").String())
	if err != nil {
		t.Fatal(err)
	}
	if picture, err := png.Decode(bytes.NewReader(data)); err != nil || picture.Bounds().Dx() != 8 {
		t.Error(err)
	}
	if got := s.Send("GET", "/v1/rerank", "", nil); got.Status != 405 {
		t.Errorf("GET %d", got.Status)
	}
}

func TestSoundComesByteForByte(t *testing.T) {
	t.Parallel()
	handler := echo.New(echo.Options{})
	s := routertest.StartBefore(t, beforeEcho+"router_settings: {routing_strategy: latency-based-routing}\n", router.Options{},
		handler.ServeHTTP)
	direct := httptest.NewRecorder()
	body := `{"model":"m","input":"say this","voice":"alloy"}`
	handler.ServeHTTP(direct, httptest.NewRequest("POST", "/v1/audio/speech", strings.NewReader(body)))
	for range 2 {
		got := s.Send("POST", "/v1/audio/speech", body, nil)
		if got.Status != 200 || got.Body != direct.Body.String() || got.Header.Get("Content-Type") != "audio/wav" ||
			!strings.HasPrefix(got.Body, "RIFF") {
			t.Errorf("%d %v, %d bytes", got.Status, got.Header, len(got.Body))
		}
	}
}

func TestTextsComeAsTheyAre(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, beforeEcho, router.Options{}, echo.New(echo.Options{}).ServeHTTP)
	for format, want := range map[string]string{
		"text": "echo: a.wav of 1 bytes\n", "vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\necho: a.wav of 1 bytes\n\n",
	} {
		form, kind := newForm(t, []byte("x"), "model", "m", "response_format", format)
		got := s.Send("POST", "/v1/audio/transcriptions", form, map[string]string{"Content-Type": kind})
		if got.Status != 200 || got.Body != want || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %q %v", format, got.Status, got.Body, got.Header)
		}
	}
}

func TestStreamsOfMediaPassAndAreWatched(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/up-cut0, api_base: http://UP/v1}}
  - {model_name: good, litellm_params: {model: openai/up, api_base: http://UP/v1}}
general_settings: {master_key: sk-test}
`+fallbackToGood, router.Options{},
		echo.New(echo.Options{}).ServeHTTP)
	form, kind := newForm(t, []byte("x"), "model", "m", "stream", "true")
	got := s.Send("POST", "/v1/audio/transcriptions", form, map[string]string{"Content-Type": kind})
	if got.Status != 200 || !strings.HasPrefix(got.Body, `data: {"type":"transcript.text.delta"`) ||
		strings.Count(got.Body, `"transcript.text.done"`) != 1 || strings.Contains(got.Body, "error") ||
		got.Header.Get("X-Litellm-Model-Group") != "good" {
		t.Errorf("%d %s %v", got.Status, got.Body, got.Header)
	}
	got = s.Send("POST", "/v1/images/generations", `{"model":"good","prompt":"a","stream":true,"partial_images":2}`, nil)
	if got.Status != 200 || strings.Count(got.Body, "event: image_generation.partial_image") != 2 ||
		!strings.Contains(got.Body, "event: image_generation.completed") ||
		got.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Errorf("%d %.300s %v", got.Status, got.Body, got.Header)
	}
}

// fallbackToGood goes behind a configuration whose group is m.
const fallbackToGood = `router_settings: {fallbacks: [{m: [good]}], num_retries: 1}
`

func TestAFormReachesEveryAttemptWhole(t *testing.T) {
	t.Parallel()
	file := make([]byte, 300<<10)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(file) // never fails
	copy(file[1000:], "\r\n--not the boundary\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{\"model\":\"m\"}")
	var asked []string
	s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/bad, api_base: http://UP/v1, api_key: k1}}
  - {model_name: good, litellm_params: {model: openai/whisper-1, api_base: http://UP/v1, api_key: k2, temperature: 0.5, language: de}}
general_settings: {master_key: sk-test}
`+fallbackToGood, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Error(err, len(body), r.ContentLength)
		}
		parts := readForm(t, r.Header, body)
		asked = append(asked, parts["model"])
		if parts["file"] != string(file) || parts["prompt"] != "p" || parts["timeout"] != "" || parts["num_retries"] != "" {
			t.Errorf("%s got other parts, a file of %d bytes", parts["model"], len(parts["file"]))
		}
		if parts["model"] == "bad" {
			w.WriteHeader(500)
			return
		}
		if parts["temperature"] != "0.5" || parts["language"] != "de" || r.Header.Get("Authorization") != "Bearer k2" {
			t.Errorf("%v %v", parts["temperature"], r.Header)
		}
		fmt.Fprint(w, `{"text":"t","model":"whisper-1"}`)
	})
	form, kind := newForm(t, file, "timeout", "9", "prompt", "p", "model", "m", "num_retries", "1")
	got := s.Send("POST", "/v1/audio/transcriptions", form, map[string]string{"Content-Type": kind})
	if got.Status != 200 || got.Body != `{"text":"t","model":"m"}` {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if want := []string{"bad", "bad", "whisper-1"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v", asked)
	}
}

func TestFormsWithoutAUsableModelAreRefused(t *testing.T) {
	t.Parallel()
	up := new(atomic.Int32)
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(http.ResponseWriter, *http.Request) { up.Add(1) })
	form := func(parts ...string) string { return "--b\r\n" + strings.Join(parts, "\r\n--b\r\n") + "\r\n--b--\r\n" }
	field := func(name, value string) string {
		return "Content-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value
	}
	const kind = "multipart/form-data; boundary=b"
	for name, c := range map[string]struct{ kind, body, want string }{
		"no model":     {kind, form(field("prompt", "p")), "Invalid model name passed in model=None"},
		"empty model":  {kind, form(field("model", "")), "Invalid model name passed in model=None"},
		"unknown":      {kind, form(field("model", "nope")), "Invalid model name passed in model=nope"},
		"two models":   {kind, form(field("model", "m"), field("model", "m")), "names 'model' twice"},
		"Model":        {kind, form(field("model", "m"), field("Model", "x")), `names 'model' as`},
		"a file":       {kind, form("Content-Disposition: form-data; name=\"model\"; filename=\"f\"\r\n\r\nm"), "'model' is a file"},
		"api_base":     {kind, form(field("model", "m"), field("api_base", "http://x")), "api_base is not allowed"},
		"mocks":        {kind, form(field("model", "m"), field("mock_testing_fallbacks", "true")), "Mock testing"},
		"retries":      {kind, form(field("model", "m"), field("num_retries", "x")), "num_retries must be"},
		"cut off":      {kind, "--b\r\n" + field("model", "m"), "ends early"},
		"cut in file":  {kind, form(field("model", "m"))[:30], "no header"},
		"no boundary":  {"multipart/form-data", form(field("model", "m")), "no usable boundary"},
		"other":        {"multipart/mixed; boundary=b", form(field("model", "m")), "expected multipart/form-data"},
		"other bounds": {"multipart/form-data; boundary=c", form(field("model", "m")), "does not contain the delimiter"},
		"base64": {kind, form("Content-Transfer-Encoding: base64\r\n" + field("model", "bQ==")),
			"Content-Transfer-Encoding"},
		"bare LF": {kind, strings.ReplaceAll(form(field("model", "m")), "\r\n", "\n"), "followed by something other"},
		"JSON":    {"application/json", form(field("model", "m")), "Invalid JSON payload"},
	} {
		got := s.Send("POST", "/v1/audio/transcriptions", c.body, map[string]string{"Content-Type": c.kind})
		if got.Status != 400 || !strings.Contains(gjson.Get(got.Body, "error.message").String(), c.want) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if up.Load() != 0 {
		t.Errorf("the upstream was asked %d times", up.Load())
	}
}

func TestThePathsModelGoesIntoTheForm(t *testing.T) {
	t.Parallel()
	for _, fields := range [][]string{{"prompt", "p"}, {"model", "other", "prompt", "p"}, {"model", "", "prompt", "p"}} {
		s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if parts := readForm(t, r.Header, body); parts["model"] != "up-model" || parts["prompt"] != "p" || len(parts) != 3 {
				t.Errorf("%v: %v", fields, parts)
			}
			fmt.Fprint(w, `{"text":""}`)
		})
		form, kind := newForm(t, []byte("x"), fields...)
		got := s.Send("POST", "/openai/deployments/m/audio/transcriptions?api-version=1", form,
			map[string]string{"Content-Type": kind})
		if got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
}

func TestARouteThatTheProviderLacksIsNotAsked(t *testing.T) {
	t.Parallel()
	up := new(atomic.Int32)
	s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: groq/llama, api_key: k}, model_info: {id: id-groq}}
  - {model_name: both, litellm_params: {model: groq/llama, api_key: k}}
  - {model_name: both, litellm_params: {model: openai/gpt-image-1, api_base: http://UP/v1, api_key: k}, model_info: {id: id-openai}}
  - {model_name: told, litellm_params: {model: openai/x, api_base: http://UP/v1, api_key: k}, model_info: {speaks: [chat, rerank]}}
general_settings: {master_key: sk-test}
`, router.Options{}, func(w http.ResponseWriter, _ *http.Request) { up.Add(1); fmt.Fprint(w, `{"data":[]}`) })
	for path, body := range map[string]string{
		"/v1/images/generations": `{"model":"m","prompt":"p"}`, "/v1/rerank": `{"model":"m","query":"q","documents":["d"]}`,
		"/v1/moderations": `{"model":"told","input":"i"}`,
	} {
		got := s.Send("POST", path, body, nil)
		if message := gjson.Get(got.Body, "error.message").String(); got.Status != 400 || !strings.Contains(message, path) {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	for range 10 {
		got := s.Send("POST", "/v1/images/generations", `{"model":"both","prompt":"p"}`, nil)
		if got.Status != 200 || got.Header.Get("X-Litellm-Model-Id") != "id-openai" {
			t.Errorf("%d %s %v", got.Status, got.Body, got.Header)
		}
	}
	if got := s.Send("POST", "/v2/rerank", `{"model":"told","query":"q","documents":["d"]}`, nil); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if up.Load() != 11 {
		t.Errorf("the upstream was asked %d times", up.Load())
	}
}

func TestSoundIsSentOnWhileItComes(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	s := routertest.StartBefore(t, routertest.Minimal, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/mpeg")
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-more:
			fmt.Fprint(w, "second")
		case <-r.Context().Done():
		}
	})
	res := s.Open(t.Context(), "/v1/audio/speech", `{"model":"m","input":"i"}`)
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("%q %v", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "second" {
		t.Errorf("%q %v", rest, err)
	}
}

func TestSoundThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	t.Parallel()
	s := routertest.StartBefore(t, routertest.Minimal+"router_settings: {allowed_fails: 0, cooldown_time: 60}\n", router.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/mpeg")
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	res := s.Open(t.Context(), "/v1/audio/speech", `{"model":"m","input":"i"}`)
	if got, err := io.ReadAll(res.Body); err == nil || string(got) != "first" {
		t.Errorf("%q %v", got, err)
	}
	if !strings.Contains(s.Log.String(), "stream failed") {
		t.Errorf("the failure is not logged: %s", s.Log)
	}
	if got := s.Chat("m"); got.Status == 0 { // the router still answers
		t.Error(got.Body)
	}
}

func TestInvalidMediaRepliesFallBack(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]http.HandlerFunc{
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>login</html>")
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "audio/mpeg") },
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"error":{"message":"no voice","type":"server_error"}}`)
		},
		"half JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"data":[`)
		},
	} {
		s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/bad, api_base: http://UP/v1, api_key: k}}
  - {model_name: good, litellm_params: {model: openai/good, api_base: http://UP/v1, api_key: k}}
general_settings: {master_key: sk-test}
`+fallbackToGood, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
			var q struct{ Model string }
			if json.NewDecoder(r.Body).Decode(&q) != nil || q.Model == "bad" {
				broken(w, r)
				return
			}
			w.Header().Set("Content-Type", "audio/mpeg")
			fmt.Fprint(w, "sound")
		})
		got := s.Send("POST", "/v1/audio/speech", `{"model":"m","input":"i"}`, nil)
		if got.Status != 200 || got.Body != "sound" || got.Header.Get("X-Litellm-Attempted-Fallbacks") != "1" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestAModerationNeedsNoModel(t *testing.T) {
	t.Parallel()
	var asked []string
	s := routertest.StartBefore(t, `model_list:
  - {model_name: chat, litellm_params: {model: openai/gpt-5, api_base: http://UP/v1}}
  - {model_name: judge, litellm_params: {model: openai/omni-moderation-latest, api_base: http://UP/v1}}
general_settings: {master_key: sk-test}
`, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, gjson.GetBytes(body, "model").String())
		fmt.Fprint(w, `{"id":"modr-1","model":"omni-moderation-latest","results":[]}`)
	})
	for _, body := range []string{`{"input":"i"}`, `{"input":"i","timeout":5}`} {
		got := s.Send("POST", "/v1/moderations", body, nil)
		if got.Status != 200 || gjson.Get(got.Body, "model").String() != "judge" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	if !slices.Equal(asked, []string{"omni-moderation-latest", "omni-moderation-latest"}) {
		t.Errorf("asked for %v", asked)
	}
	if got := s.Send("POST", "/v1/rerank", `{"query":"q","documents":["d"]}`, nil); got.Status != 400 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestARankingsLimitHasTheProvidersName(t *testing.T) {
	t.Parallel()
	var asked []string
	s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: voyage/rerank-2, api_base: http://UP/v1, top_n: 9}}
general_settings: {master_key: sk-test}
`, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, string(body))
		fmt.Fprint(w, `{"data":[]}`)
	})
	for _, more := range []string{`,"top_n":2`, `,"top_k":3`, ``} {
		if got := s.Send("POST", "/v1/rerank", `{"model":"m","query":"q","documents":["d"]`+more+`}`, nil); got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	for i, want := range []string{`"top_k":2`, `"top_k":3`, `"top_k":9`} {
		if want = `{"model":"rerank-2","query":"q","documents":["d"],` + want + `}`; asked[i] != want {
			t.Errorf("%s, not %s", asked[i], want)
		}
	}
}
