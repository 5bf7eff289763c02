package preview_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/ccr"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/upstreamtest"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// requests are a request in each dialect with every parameter that it has, but for those
// that exclude others.
var requests = map[string]struct{ path, body string }{
	"chat": {"/v1/chat/completions", `"messages":[{"role":"user","content":"hi"}],"max_tokens":4000,"top_p":0.5,` +
		`"stop":["x"],"seed":1,"presence_penalty":0.1,"frequency_penalty":0.1,"n":2,"logit_bias":{"1":1},"logprobs":true,` +
		`"top_logprobs":2,"user":"u","store":false,"metadata":{"a":"b"},"service_tier":"auto","prompt_cache_key":"c",` +
		`"safety_identifier":"s","verbosity":"low","reasoning_effort":"low"`},
	"messages": {"/v1/messages", `"messages":[{"role":"user","content":"hi"}],"max_tokens":4000,"top_k":5,"top_p":0.5,` +
		`"stop_sequences":["x"],"metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":2000},` +
		`"context_management":{"edits":[]}`},
	"responses": {"/v1/responses", `"input":"hi","max_output_tokens":4000,"top_p":0.5,"top_logprobs":2,"user":"u",` +
		`"store":false,"metadata":{"a":"b"},"service_tier":"auto","prompt_cache_key":"c","safety_identifier":"s",` +
		`"text":{"verbosity":"low"},"reasoning":{"effort":"low"},"include":["reasoning.encrypted_content"]`},
	"completions":  {"/v1/completions", `"prompt":"hi"`},
	"embeddings":   {"/v1/embeddings", `"input":"hi"`},
	"count_tokens": {"/v1/messages/count_tokens", `"messages":[{"role":"user","content":"hi"}]`},

	"gemini": {"/v1beta/models/MODEL:generateContent", `"contents":[{"role":"user","parts":[{"text":"hi"}]}],` +
		`"generationConfig":{"topP":0.5,"topK":5,"stopSequences":["x"],"seed":1,"presencePenalty":0.1,` +
		`"frequencyPenalty":0.1,"maxOutputTokens":4000,"thinkingConfig":{"thinkingBudget":2000}},` +
		`"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]`},
	"gemini_count_tokens": {"/v1beta/models/MODEL:countTokens", `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`},
	"responses/compact":   {"/v1/responses/compact", `"input":"hi"`},
	"images/generations":  {"/v1/images/generations", `"prompt":"a cat"`},
	"audio/speech":        {"/v1/audio/speech", `"input":"hi","voice":"alloy"`},
	"rerank":              {"/v1/rerank", `"query":"q","documents":["a"]`},
	"moderations":         {"/v1/moderations", `"input":"hi"`},
	// forms
	"images/edits":         {"/v1/images/edits", ""},
	"images/variations":    {"/v1/images/variations", ""},
	"audio/transcriptions": {"/v1/audio/transcriptions", ""},
	"audio/translations":   {"/v1/audio/translations", ""},
}

// formBody returns a form with a model and a file, and its type.
func formBody(t *testing.T, model string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	err := w.WriteField("model", model)
	if file, fileErr := w.CreateFormFile("file", "a.wav"); fileErr == nil {
		_, fileErr = file.Write([]byte("RIFF"))
		err = errors.Join(err, fileErr)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// environment has a key for every provider but those called UNSET, and with base set an
// address of every provider.
func environment(base string) func(string) string {
	return func(name string) string {
		switch {
		case strings.HasPrefix(name, "UNSET"):
			return ""
		case strings.HasSuffix(name, "_KEY") && name != "LITELLM_MASTER_KEY":
			return "key-of-" + name
		case base != "" && (strings.HasSuffix(name, "_API_BASE") || strings.HasSuffix(name, "_BASE_URL")):
			return base
		}
		return ""
	}
}

// masterKey is the key of every router here.
const masterKey = "sk-master-0123456789"

// routerSettings returns the settings with which the embedded router would serve the file,
// read as a start reads them.
func routerSettings(t *testing.T, file string, getenv func(string) string) (*settings.Settings, error) {
	t.Helper()
	withKey := func(name string) string {
		if name == "LITELLM_MASTER_KEY" {
			return masterKey
		}
		return getenv(name)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	switch config.RecognizeFormat(text) {
	case config.FormatFlowGate:
		cfg, err := config.Load(file, getenv)
		if err != nil {
			return nil, err
		}
		active, err := policy.Prepare(cfg, "", getenv)
		if err != nil {
			return nil, err
		}
		if text, err = active.YAML(); err != nil {
			return nil, err
		}
		file = cfg.Paths.ActiveConfig
	case config.FormatClaudeCodeRouter:
		c := ccr.Convert(file, text)
		if len(c.Problems) > 0 {
			return nil, fmt.Errorf("%s", c.Problems[0])
		}
		text, file = c.Text, file+".yaml"
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, problems, err := settings.Examine(file, withKey)
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("%s", problems[0])
	}
	if err != nil {
		return nil, err
	}
	s.MasterKey = masterKey
	return s, nil
}

// divert has requests for an address go to the capturing upstream, which sees in the path
// where they would have gone.
func divert(u *url.URL, addr string) *url.URL {
	if u == nil || u.Host == addr {
		return u
	}
	copied := *u
	copied.Scheme, copied.Host = "http", addr
	copied.Path = "/to/" + u.Scheme + "/" + u.Host + u.Path
	return &copied
}

// seenURL returns the address that a diverted request would have gone to.
func seenURL(path, addr string) string {
	if rest, ok := strings.CutPrefix(path, "/to/"); ok {
		return redact.URL(strings.Replace(rest, "/", "://", 1))
	}
	return redact.URL("http://" + addr + path)
}

// serveOnly returns the address of a router that has one deployment of the settings.
func serveOnly(t *testing.T, s *settings.Settings, d *settings.Deployment, addr string) string {
	t.Helper()
	alone := *s
	moved := *d
	for _, u := range []**url.URL{&moved.Base, &moved.MessagesBase, &moved.RankURL} {
		*u = divert(*u, addr)
	}
	alone.Deployments, alone.Groups, alone.ChecksPrompts = []*settings.Deployment{&moved}, []string{d.Group}, false
	alone.Fallbacks, alone.DefaultFallbacks, alone.ContextFallbacks = nil, nil, nil
	alone.RefuseUnknownParams, alone.RoutingGroups = false, nil
	r, err := router.New(&alone, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	t.Cleanup(func() {
		server.Close()
		_ = r.Close()
	})
	return server.URL
}

// reply is what a client got.
type reply struct {
	status  int
	dropped []string
	body    string
}

// ask sends a request for a model in a dialect.
func ask(t *testing.T, base, dialect, model string) reply {
	t.Helper()
	body, contentType := fmt.Sprintf(`{"model":%q,%s}`, model, requests[dialect].body), "application/json"
	if requests[dialect].body == "" {
		body, contentType = formBody(t, model)
	}
	path := strings.Replace(requests[dialect].path, "MODEL", url.PathEscape(model), 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+masterKey)
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: res.StatusCode, body: string(text)}
	for name := range strings.SplitSeq(res.Header.Get("X-Flowgate-Dropped"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			r.dropped = append(r.dropped, name)
		}
	}
	slices.Sort(r.dropped)
	return r
}

// TestWhatThePreviewSaysIsWhatHappens serves each deployment of each configuration in each
// dialect, and compares what a capturing upstream saw with the table.
func TestWhatThePreviewSaysIsWhatHappens(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/configs/*.*")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d configurations, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			up := upstreamtest.Start(t)
			copied := copyConfigs(t, file, up.Addr)
			base := ""
			if strings.HasPrefix(filepath.Base(file), "wildcard") {
				base = "http://" + up.Addr + "/v1"
			}
			getenv := environment(base)
			p, err := preview.File(copied, "", getenv)
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, file, p, up.Addr, filepath.Dir(copied))
			s, err := routerSettings(t, copied, getenv)
			if refused := p.Err() != nil; refused != (err != nil) {
				t.Fatalf("the preview says %v, the router %v", p.Err(), err)
			}
			if err != nil {
				return
			}
			comparison{t, p, s, up}.run()
		})
	}
}

// comparison is one configuration with its preview.
type comparison struct {
	t  *testing.T
	p  preview.Preview
	s  *settings.Settings
	up *upstreamtest.Upstream
}

// run compares every deployment, at most three of a group.
func (c comparison) run() {
	if served := len(c.s.Deployments); served != countServing(c.p) {
		c.t.Fatalf("%d deployments serve, not %d", served, countServing(c.p))
	}
	perGroup, next := map[string]int{}, 0
	for _, row := range c.p.Deployments {
		if !row.Serves {
			continue
		}
		d := c.s.Deployments[next]
		next++
		if perGroup[row.Group]++; perGroup[row.Group] > 3 {
			continue
		}
		base := serveOnly(c.t, c.s, d, c.up.Addr)
		for _, in := range row.Dialects {
			if strings.Contains(row.Group, "*") && in.URL != "" && !strings.Contains(in.URL, c.up.Addr) {
				continue // the address comes of the model's name, and cannot be diverted
			}
			c.compare(base, row, in)
		}
	}
}

func countServing(p preview.Preview) (n int) {
	for _, d := range p.Deployments {
		if d.Serves {
			n++
		}
	}
	return n
}

// compare asks a deployment in a dialect.
func (c comparison) compare(base string, row preview.Deployment, in preview.Dialect) {
	if requests[in.Name].path == "" {
		c.t.Errorf("there is no request for the dialect %s here", in.Name)
		return
	}
	before, asked := len(c.up.Calls()), strings.ReplaceAll(row.Group, "*", "x1")
	if in.How == preview.Depends {
		c.compareOpenAI(base, in)
		return
	}
	got := ask(c.t, base, in.Name, asked)
	calls := c.up.Calls()[before:]
	where := fmt.Sprintf("%s %s: %s %s", row.Path, in.Name, in.How, in.URL)
	missing := row.Key.Source == "environment" && !row.Key.Set
	switch {
	case missing && in.Name == "count_tokens": // estimated
	case missing && (in.How == preview.Native || in.How == preview.Translated):
		if got.status != http.StatusUnauthorized || len(calls) != 0 {
			c.t.Errorf("%s without a key: %d, %d calls", where, got.status, len(calls))
		}
	case in.How == preview.Unserved:
		if got.status/100 != 4 || len(calls) != 0 {
			c.t.Errorf("%s: %d, %d calls: %s", where, got.status, len(calls), got.body)
		}
	case in.How == preview.Mocked, in.How == preview.Estimated:
		if got.status != http.StatusOK || len(calls) != 0 {
			c.t.Errorf("%s: %d, %d calls: %s", where, got.status, len(calls), got.body)
		}
	case got.status != http.StatusOK || len(calls) != 1:
		c.t.Errorf("%s: %d, %d calls: %s", where, got.status, len(calls), got.body)
	default:
		c.compareCall(where, row, in, calls[0], got)
	}
}

// compareOpenAI asks for a model of OpenAI's at a deployment that serves any provider's.
func (c comparison) compareOpenAI(base string, in preview.Dialect) {
	before := len(c.up.Calls())
	got := ask(c.t, base, in.Name, "openai/x1")
	if calls := c.up.Calls()[before:]; in.Name == "chat" && (got.status != http.StatusOK || len(calls) != 1 ||
		calls[0].Model != "x1" || calls[0].Path != "/v1/chat/completions") {
		c.t.Errorf("any provider's model: %d %s %+v", got.status, got.body, calls)
	}
}

// compareCall compares the one request that the upstream saw.
func (c comparison) compareCall(where string, row preview.Deployment, in preview.Dialect, call upstreamtest.Call,
	got reply) {
	model := strings.ReplaceAll(row.Upstream, "*", "x1")
	if seen := seenURL(call.Path, c.up.Addr); strings.ReplaceAll(in.URL, "*", "x1") != seen {
		c.t.Errorf("%s: it went to %s", where, seen)
	}
	if call.Model != model && !strings.Contains(in.URL, "/model") && !strings.Contains(string(call.Body), "name=\"model\"\r\n\r\n"+model+"\r\n") {
		c.t.Errorf("%s: the upstream was asked for %q, not %q", where, call.Model, model)
	}
	key := call.Header.Get("Authorization") + call.Header.Get("X-Api-Key") + call.Header.Get("Api-Key") +
		call.Header.Get("X-Goog-Api-Key")
	if (key != "") != (row.Key.Source != "none") {
		c.t.Errorf("%s: the key %+v was sent as %q", where, row.Key, key)
	}
	if in.Name == "responses/compact" && in.How == preview.Translated {
		return // the router asks for a summary in words of its own
	}
	if sameDialect := isRequestIn(in.Name, call.Body); sameDialect != (in.How == preview.Native) {
		c.t.Errorf("%s: the upstream got %s", where, call.Body)
	}
	if !slices.Equal(got.dropped, in.Lost) {
		c.t.Errorf("%s: dropped %q, not %q", where, got.dropped, in.Lost)
	}
}

// isRequestIn reports whether a body is the request of a dialect here, member by member.
func isRequestIn(dialect string, body []byte) bool {
	if requests[dialect].body == "" {
		return bytes.Contains(body, []byte("RIFF"))
	}
	var sent, original map[string]any
	if json.Unmarshal(body, &sent) != nil || json.Unmarshal([]byte("{"+requests[dialect].body+"}"), &original) != nil {
		return false
	}
	for name := range original {
		if _, there := sent[name]; !there && name != "max_tokens" {
			return false
		}
	}
	return true
}

// copyConfigs copies the configurations into a folder of their own, with UP replaced, and
// returns the path of one of them.
func copyConfigs(t *testing.T, file, addr string) string {
	t.Helper()
	dir := t.TempDir()
	names, err := filepath.Glob("testdata/configs/parts/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, file) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel("testdata/configs", name)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("UP"), []byte(addr))
		if err := os.WriteFile(to, bytes.ReplaceAll(text, []byte(addr+"STREAM"), []byte("UPSTREAM")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, filepath.Base(file))
}
