package router_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestMockResponsesAnswerEveryTextRouteWithoutAnUpstream(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", `m: x | mock_response: 'say "hi"'`), router.Options{})
	for path, rest := range map[string]string{"/v1/chat/completions": `"messages":[]`, "/v1/completions": `"prompt":1`,
		"/v1/responses": `"input":1`, "/v1/messages": `"messages":[],"max_tokens":1`} {
		got := s.Send("POST", path, `{"model":"m",`+rest+`}`, nil)
		if got.Status != 200 || !json.Valid([]byte(got.Body)) || !strings.Contains(got.Body, `say \"hi\"`) ||
			!strings.Contains(got.Body, `"model":"m"`) {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		got = s.Send("POST", path, `{"model":"m","stream":true,`+rest+`}`, nil)
		events := facts{}
		events.events(got.Body)
		if events["text"] != `say "hi"` || events["broken event"] != "" ||
			(events["done"] == "yes") != strings.Contains(path, "completions") {
			t.Errorf("%s: %v %s", path, events, got.Body)
		}
	}
	if got := s.Send("POST", "/v1/embeddings", `{"model":"m","input":1}`, nil); got.Status != 400 ||
		!strings.Contains(got.Body, "mock_response") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if len(s.Upstream.Calls()) != 0 {
		t.Error("the upstream was asked")
	}
}
