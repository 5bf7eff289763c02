package translate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// readCases reads cases from a file. The option that a case has is on.
func readCases(t *testing.T, name string) []requestCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Option string
		Body, Want   json.RawMessage
		Dropped      []string
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	var cases []requestCase
	for _, c := range list {
		cases = append(cases, requestCase{name: c.Name, body: string(c.Body), want: string(c.Want), dropped: c.Dropped,
			options: func(o *translate.Options) {
				o.Stream, o.Effort = c.Option == "Stream", c.Option == "Effort"
				if c.Option == "UpstreamModel" {
					o.UpstreamModel = []byte(`"m"`)
				}
			}})
	}
	return cases
}

func TestRequestsFromGeminiToChat(t *testing.T) {
	t.Parallel()
	checkRequests(t, translate.Gemini, translate.Chat, readCases(t, "gemini_chat.json"))
	checkRefused(t, translate.Gemini, translate.Chat, []refusedCase{
		{name: "no list", body: `{"contents":{}}`, member: "contents"},
		{name: "a role", body: `{"contents":[{"role":"assistant","parts":[]}]}`, member: "contents.role"},
		{name: "kept contents", body: `{"contents":[],"cachedContent":"cachedContents/x"}`, member: "cachedContent"},
		{name: "a sound", body: `{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}}]}]}`,
			member: "contents.parts.inlineData"},
		{name: "no base64", body: `{"contents":[{"parts":[{"inlineData":{"mimeType":"text/plain","data":"!!!!"}}]}]}`,
			member: "contents.parts.inlineData.data"},
		{name: "a file that only Google has",
			body:   `{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"}}]}]}`,
			member: "contents.parts.fileData.fileUri"},
		{name: "a film", body: `{"contents":[{"parts":[{"fileData":{"mimeType":"video/mp4","fileUri":"https://example.org/a"}}]}]}`,
			member: "contents.parts.fileData"},
		{name: "pictures only", body: `{"contents":[],"generationConfig":{"responseModalities":["IMAGE"]}}`,
			member: "generationConfig.responseModalities"},
		{name: "a result without its call", body: `{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]}`,
			member: "contents.parts.functionResponse.name"},
		{name: "a forced tool of Google's",
			body:   `{"contents":[],"tools":[{"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}`,
			member: "tool_choice"},
		{name: "a mode", body: `{"contents":[],"toolConfig":{"functionCallingConfig":{"mode":"MAYBE"}}}`,
			member: "toolConfig.functionCallingConfig.mode"},
	})
}

func TestRepliesComeInGooglesForm(t *testing.T) {
	t.Parallel()
	const upstream = `{"id":"chatcmpl-9","created":1,"model":"up","choices":[{"index":0,"message":{"reasoning_content":"hm","content":"Hello \"you\"","tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{\"a\":\n1}"}}]},"finish_reason":"tool_calls"}],
		"usage":{"prompt_tokens":10,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}`
	const tail = `"finishReason":"STOP","index":0}],
			"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":17,"cachedContentTokenCount":4,"thoughtsTokenCount":2},
			"modelVersion":"alias","responseId":"chatcmpl-9"}`
	const said = `{"text":"Hello \"you\""},{"functionCall":{"id":"c1","name":"Read","args":{"a":1}}}],"role":"model"},`
	for body, want := range map[string]string{
		smallRequest[translate.Gemini]: `{"candidates":[{"content":{"parts":[` + said + tail,
		fullRequest[translate.Gemini]:  `{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},` + said + tail,
	} {
		_, call := mustRequest(t, translate.Gemini, translate.Chat, body, options)
		out, err := call.Reply([]byte(upstream))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := canonical(t, out), canonical(t, []byte(want)); got != want {
			t.Errorf("the reply is\n%s\nwant\n%s", got, want)
		}
	}
}

// TestAStreamOfGooglesAddsUpToTheReply reads the events as Google's SDKs do: each is a
// reply with the parts that are new.
func TestAStreamOfGooglesAddsUpToTheReply(t *testing.T) {
	t.Parallel()
	_, call := mustRequest(t, translate.Gemini, translate.Chat, fullRequest[translate.Gemini], options)
	out, failure := translatetest.Stream(call, translatetest.Chunks(`"delta":{"reasoning_content":"h"}`)+
		translatetest.Chunks(`"delta":{"reasoning_content":"m"}`)+translatetest.Chunks(`"delta":{"content":"Hel"}`)+
		translatetest.Chunks(`"delta":{"content":"lo"}`)+
		translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"a\""}}]}`)+
		translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"function":{"arguments":":\n1}"}}]}`)+
		translatetest.Chunks(`"delta":{},"finish_reason":"tool_calls"`)+translatetest.Done, 1<<20)
	const head, tail = `data: {"candidates":[{"content":{"parts":[`, `],"role":"model"},"index":0}],"modelVersion":"alias","responseId":"chatcmpl-9"}`
	want := ""
	for _, part := range []string{`{"text":"h","thought":true}`, `{"text":"m","thought":true}`, `{"text":"Hel"}`, `{"text":"lo"}`,
		`{"functionCall":{"id":"c1","name":"Read","args":{"a": 1}}}`} {
		want += head + part + tail + "\n\n"
	}
	if failure != "" || !strings.HasPrefix(string(out), want) ||
		strings.Count(string(out), "finishReason") != 1 || !strings.Contains(string(out), `"usageMetadata":{`) {
		t.Errorf("%s: the client gets\n%s\nwant\n%s", failure, out, want)
	}
}

func TestAClientOfGooglesSeesThoughtsOnlyIfItAskedForThem(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]bool{smallRequest[translate.Gemini]: false, fullRequest[translate.Gemini]: true} {
		_, call := mustRequest(t, translate.Gemini, translate.Chat, request, options)
		out, failure := translatetest.Stream(call, translatetest.Chunks(`"delta":{"reasoning_content":"hm"}`)+
			translatetest.Chunks(`"delta":{"content":"so"},"finish_reason":"stop"`)+translatetest.Done, 1<<20)
		if failure != "" || strings.Contains(string(out), "hm") != want {
			t.Errorf("%s: %s\n%s", request, failure, out)
		}
	}
}

// TestThinkingTravelsThroughAClientOfGoogles follows what each upstream wants back: in the
// signature of the part behind it, since such a client keeps nothing else of it.
func TestThinkingTravelsThroughAClientOfGoogles(t *testing.T) {
	t.Parallel()
	back := func(o *translate.Options) { o.ReasoningBack, o.Thoughts = true, true }
	for name, c := range map[string]struct {
		to          translate.Dialect
		options     func(*translate.Options)
		reply, want string
	}{
		"reasoning that has to come back": {translate.Chat, back,
			`{"choices":[{"index":0,"message":{"reasoning_content":"hm \"é\"","tool_calls":[{"id":"c1",
			"function":{"name":"Read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}`,
			`"reasoning_content":"hm \"é\""`},
		"Gemini's own signature": {translate.Chat, back,
			`{"choices":[{"index":0,"message":{"tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{}"},
			"extra_content":{"google":{"thought_signature":"SIG"}}}]},"finish_reason":"tool_calls"}]}`,
			`"extra_content":{"google":{"thought_signature":"SIG"}}`},
		"Anthropic's thinking": {translate.Messages, nil,
			`{"type":"message","content":[{"type":"thinking","thinking":"hm\n","signature":"sig=="},
			{"type":"redacted_thinking","data":"hidden"},{"type":"tool_use","id":"c1","name":"Read","input":{}}],
			"stop_reason":"tool_use"}`,
			`{"type":"thinking","thinking":"hm\n","signature":"sig=="},{"type":"redacted_thinking","data":"hidden"},{"type":"tool_use"`},
		"a reasoning item": {translate.Responses, nil,
			`{"object":"response","status":"completed","output":[{"id":"rs_1","type":"reasoning",
			"summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"enc=="},{"type":"function_call",
			"call_id":"c1","name":"Read","arguments":"{}"}]}`,
			`"encrypted_content":"enc=="`},
	} {
		opts := options
		if c.options != nil {
			c.options(&opts)
		}
		_, call := mustRequest(t, translate.Gemini, c.to, smallRequest[translate.Gemini], opts)
		reply, err := call.Reply([]byte(c.reply))
		if err != nil {
			t.Fatal(name, err)
		}
		part := string(reply)
		from, to := strings.Index(part, `{"functionCall"`), strings.Index(part, `],"role"`)
		next, call := mustRequest(t, translate.Gemini, c.to, `{"contents":[{"parts":[{"text":"hi"}]},{"role":"model","parts":[`+part[from:to]+
			`]},{"parts":[{"functionResponse":{"id":"c1","name":"Read","response":{}}}]}]}`, opts)
		if !strings.Contains(string(next), c.want) || len(call.Dropped()) > 0 {
			t.Errorf("%s: of\n%s\nthe upstream gets back\n%s\nwithout %q", name, reply, next, call.Dropped())
		}
		if native := string(translate.Native(translate.Gemini, []byte(part))); strings.Count(native, "skip_thought_signature_validator") != 1 {
			t.Errorf("%s: Google gets %s", name, native)
		}
	}
}

// TestAForgedSignatureDoesNotChangeTheBody has a client write JSON into a signature.
func TestAForgedSignatureDoesNotChangeTheBody(t *testing.T) {
	t.Parallel()
	const forged = `fmZsb3dnYXRldDE0On5mbG93Z2F0ZTpjaGF0MTY6In0sImV2aWwiOnsiYSI6Ig==` // …chat, then "},"evil":{"a":"
	out, _ := mustRequest(t, translate.Gemini, translate.Chat, `{"contents":[{"role":"model","parts":[{"text":"b","thoughtSignature":"`+forged+`"}]}]}`,
		translate.Options{ReasoningBack: true})
	if !strings.Contains(string(out), `"reasoning_content":"\"},\"evil\":{\"a\":\""`) {
		t.Errorf("the upstream gets %s", out)
	}
}
