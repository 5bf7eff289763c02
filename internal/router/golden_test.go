package router_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// transcript is a recording of LiteLLM 1.106.2: see testdata/litellm/README.md.
type transcript struct {
	Name   string
	Config string
	Before []struct{ Path, Model string }

	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
	UpstreamCalls []call `json:"upstream_calls"`
}

// text is a recorded body: JSON as it stands, or the text that a JSON string holds.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func TestTheRouterAnswersAsLiteLLMDidExceptWhereItSaysSo(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/litellm/*.json")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d transcripts, error %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replay(t, file, deviations[name])
		})
	}
	for name := range deviations {
		if !slices.Contains(files, filepath.Join("testdata/litellm", name+".json")) {
			t.Errorf("deviation %q has no transcript", name)
		}
	}
}

func replay(t *testing.T, file string, allowed deviation) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var tr transcript
	if err := json.Unmarshal(raw, &tr); err != nil {
		t.Fatal(err)
	}
	yaml, err := os.ReadFile(filepath.Join("testdata/litellm", tr.Config))
	if err != nil {
		t.Fatal(err)
	}
	s := routertest.Start(t, string(yaml), router.Options{Rand: func() float64 { return 0 }})
	for _, b := range tr.Before {
		s.Send("POST", b.Path, `{"model":"`+b.Model+`","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}`, nil)
	}
	before := len(s.Upstream.Calls())
	headers := map[string]string{"Authorization": ""}
	maps.Copy(headers, tr.Request.Headers)
	body := ""
	if string(tr.Request.Body) != "null" {
		body = text(tr.Request.Body)
	}
	got := s.Send(tr.Request.Method, tr.Request.Path, body, headers)

	want, have := facts{}, facts{}
	want.head(tr.Response.Status, func(name string) string { return tr.Response.Headers[name] })
	want.body(tr.Response.Headers["content-type"], text(tr.Response.Body))
	want.calls(tr.UpstreamCalls)
	have.head(got.Status, headerOf(got.Header))
	have.body(got.Header.Get("Content-Type"), got.Body)
	have.calls(readCalls(s.Upstream.Calls()[before:]))
	compare(t, want.normalize(), have.normalize(), allowed)
	if strings.Contains(got.Body, s.Upstream.Addr) {
		t.Errorf("the reply names the upstream's address: %s", got.Body)
	}
}

// additional are headers that LiteLLM sends on some replies and the router on
// all: who answered, under which id upstream, and when to come back.
var additional = []string{"header x-litellm-model-id", "header x-litellm-model-group", "header request-id",
	"header llm_provider-x-request-id", "header llm_provider-retry-after", "header retry-after"}

// compare reports each fact that differs and is not listed as deviation, and
// each listed one that does not hold: the table cannot rot.
func compare(t *testing.T, want, have facts, allowed deviation) {
	t.Helper()
	names := slices.Collect(maps.Keys(want))
	names = append(names, slices.Collect(maps.Keys(have))...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if want[name] == "" && slices.Contains(additional, name) && have[name] != "" {
			continue
		}
		ours, listed := allowed.facts[name]
		switch {
		case listed && !strings.HasPrefix(have[name], ours) || listed && (ours == "") != (have[name] == ""):
			t.Errorf("%s: listed as %q, is %q", name, ours, have[name])
		case listed && have[name] == want[name]:
			t.Errorf("%s: listed as deviation, yet equal: %q", name, have[name])
		case !listed && have[name] != want[name]:
			t.Errorf("%s\n  LiteLLM %q\n  router  %q", name, want[name], have[name])
		}
	}
}
