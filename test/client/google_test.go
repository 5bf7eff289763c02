package client_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/genai"
)

// googleTable is every conversation that Google's SDK holds, over upstreams of one dialect
// and over one that has Google's.
var googleTable = []row{
	{"google", nil, google},
	{"google streamed", nil, googleStreamed},
	{"google tools", nil, googleTools},
	{"google stream that breaks", nil, googleBroken},
	{"google counts tokens", nil, googleCounts},
	{"google errors", nil, googleErrors},
	{"google lists models", nil, googleModels},
}

func TestGooglesClientTalksToUpstreamsOfOneDialect(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1beta/models/{model...}"} {
		t.Run(strings.TrimPrefix(route, "/v1/"), func(t *testing.T) {
			t.Parallel()
			tg := newTranslated(t, route)
			for _, r := range googleTable {
				t.Run(r.name, func(t *testing.T) { t.Parallel(); r.run(t, tg) })
			}
			if strings.HasPrefix(route, "/v1/") {
				t.Run("deep google", func(t *testing.T) { t.Parallel(); deepGoogle(t, tg) })
			}
		})
	}
}

// genai is Google's official client.
func (tg target) genai(t *testing.T) *genai.Client {
	t.Helper()
	client, err := genai.NewClient(t.Context(), &genai.ClientConfig{APIKey: tg.key, Backend: genai.BackendGeminiAPI,
		HTTPOptions: genai.HTTPOptions{BaseURL: tg.url}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func google(t *testing.T, tg target) {
	reply, err := tg.genai(t).Models.GenerateContent(t.Context(), "router-default", genai.Text("hi there"),
		&genai.GenerateContentConfig{SystemInstruction: genai.NewContentFromText("be brief", genai.RoleUser),
			MaxOutputTokens: 64, Temperature: genai.Ptr[float32](0.5)})
	if err != nil {
		t.Fatal(err)
	}
	if reply.Text() != "echo: hi there" || reply.Candidates[0].FinishReason != genai.FinishReasonStop ||
		reply.UsageMetadata.TotalTokenCount == 0 || reply.ModelVersion != "router-default" {
		t.Errorf("%+v", reply)
	}
}

// googleReply gathers a stream.
func googleReply(t *testing.T, tg target, model string, contents []*genai.Content, config *genai.GenerateContentConfig) (
	parts []*genai.Part, last *genai.GenerateContentResponse, err error) {
	t.Helper()
	for chunk, err := range tg.genai(t).Models.GenerateContentStream(t.Context(), model, contents, config) {
		if err != nil {
			return parts, last, err
		}
		last = chunk
		for _, p := range chunk.Candidates[0].Content.Parts {
			n := len(parts)
			isText := p.FunctionCall == nil && len(p.ThoughtSignature) == 0
			if isText && n > 0 && parts[n-1].FunctionCall == nil && parts[n-1].Thought == p.Thought {
				parts[n-1].Text += p.Text
				continue
			}
			parts = append(parts, p)
		}
	}
	return parts, last, nil
}

func googleStreamed(t *testing.T, tg target) {
	parts, last, err := googleReply(t, tg, "router-default", genai.Text("tell me"), nil)
	if err != nil || len(parts) != 1 || parts[0].Text != "echo: tell me" {
		t.Fatalf("%v %+v", err, parts)
	}
	if last.Candidates[0].FinishReason != genai.FinishReasonStop || last.UsageMetadata.CandidatesTokenCount == 0 {
		t.Errorf("%+v", last)
	}
}

// lookUp is a tool in Google's own schema.
var lookUp = &genai.GenerateContentConfig{Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
	Name: "look_up", Description: "looks up", Parameters: &genai.Schema{Type: genai.TypeObject,
		Properties: map[string]*genai.Schema{"what": {Type: genai.TypeString, Nullable: genai.Ptr(true)}}, Required: []string{"what"}},
}}}}}

func googleTools(t *testing.T, tg target) {
	ask := genai.Text(`call tool look_up {"what":"é \"q\""}`)
	whole, err := tg.genai(t).Models.GenerateContent(t.Context(), "router-default", ask, lookUp)
	if err != nil {
		t.Fatal(err)
	}
	streamed, _, err := googleReply(t, tg, "router-default", ask, lookUp)
	if err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][]*genai.Part{"whole": whole.Candidates[0].Content.Parts, "streamed": streamed} {
		call := parts[0].FunctionCall
		if call == nil || call.Name != "look_up" || call.Args["what"] != `é "q"` {
			t.Fatalf("%s: %+v", name, parts[0])
		}
		result := genai.NewPartFromFunctionResponse(call.Name, map[string]any{"output": "found it"})
		result.FunctionResponse.ID = call.ID
		next := append(ask[:1:1], genai.NewContentFromParts(parts[:1], genai.RoleModel),
			genai.NewContentFromParts([]*genai.Part{result}, genai.RoleUser))
		last, err := tg.genai(t).Models.GenerateContent(t.Context(), "router-default", next, lookUp)
		if err != nil || !strings.Contains(last.Text(), "found it") {
			t.Errorf("%s: %v %+v", name, err, last)
		}
	}
}

func googleBroken(t *testing.T, tg target) {
	parts, _, err := googleReply(t, tg, "cut", genai.Text("a text that is long enough to be cut"), nil)
	var e genai.APIError
	if !errors.As(err, &e) || e.Code < 500 || e.Status == "" || len(parts) == 0 {
		t.Errorf("%v after %+v", err, parts)
	}
}

func googleCounts(t *testing.T, tg target) {
	reply, err := tg.genai(t).Models.CountTokens(t.Context(), "router-default", genai.Text(strings.Repeat("four ", 80)), nil)
	// A tokenizer counts 81; the estimate is within 15 % of that, and the echo counts four bytes as one.
	if err != nil || reply.TotalTokens < 69 || reply.TotalTokens > 100 {
		t.Errorf("%v %+v", err, reply)
	}
}

func googleErrors(t *testing.T, tg target) {
	for model, want := range map[string]genai.APIError{
		"nobody-has-this": {Code: 400, Status: "INVALID_ARGUMENT"}, "fail-503": {Code: 503, Status: "UNAVAILABLE"}} {
		_, err := tg.genai(t).Models.GenerateContent(t.Context(), model, genai.Text("hi"), nil)
		var e genai.APIError
		if !errors.As(err, &e) || e.Code != want.Code || e.Status != want.Status || e.Message == "" {
			t.Errorf("%s: %+v", model, err)
		}
	}
	_, err := tg.withKey("sk-wrong").genai(t).Models.GenerateContent(t.Context(), "router-default", genai.Text("hi"), nil)
	var e genai.APIError
	if !errors.As(err, &e) || e.Code != 401 || e.Status != "UNAUTHENTICATED" {
		t.Errorf("a wrong key: %+v", err)
	}
}

func googleModels(t *testing.T, tg target) {
	names := ""
	for model, err := range tg.genai(t).Models.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names += model.Name + " "
	}
	if !strings.Contains(names, "models/router-default ") {
		t.Error(names)
	}
}

// deepGoogle holds a conversation with thinking, two tools at once and an image. The
// client sends back no thoughts, as Gemini CLI does: signatures alone carry them.
func deepGoogle(t *testing.T, tg target) {
	config := &genai.GenerateContentConfig{ThinkingConfig: &genai.ThinkingConfig{IncludeThoughts: true,
		ThinkingBudget: genai.Ptr[int32](1024)}, MaxOutputTokens: 4096,
		Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{Name: "look"}, {Name: "now"}}}}}
	ask := genai.Text("go")
	whole, err := tg.genai(t).Models.GenerateContent(t.Context(), "deep", ask, config)
	if err != nil {
		t.Fatal(err)
	}
	streamed, _, err := googleReply(t, tg, "deep", ask, config)
	if err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][]*genai.Part{"whole": whole.Candidates[0].Content.Parts, "streamed": streamed} {
		if len(parts) < 4 || !parts[0].Thought || parts[0].Text != "let me see" || parts[1].Text != "I look" ||
			parts[2].FunctionCall.Args["at"] != `a "b" é` || parts[3].FunctionCall.ID != "c2" {
			t.Fatalf("%s: %+v", name, parts)
		}
		results := []*genai.Part{genai.NewPartFromFunctionResponse("look", map[string]any{"output": "seen it"}),
			genai.NewPartFromFunctionResponse("now", map[string]any{"output": "noon"}),
			genai.NewPartFromBytes([]byte("\x89PNG\r\n\x1a\n"), "image/png"), genai.NewPartFromText("and now?")}
		next := append(ask[:1:1], genai.NewContentFromParts(parts[1:4], genai.RoleModel),
			genai.NewContentFromParts(results, genai.RoleUser))
		last, err := tg.genai(t).Models.GenerateContent(t.Context(), "deep", next, config)
		if err != nil || last.Text() != gotAll {
			t.Errorf("%s: %v %+v", name, err, last.Text())
		}
	}
}
