package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

func TestRequestsFromGeminiToChat(t *testing.T) {
	t.Parallel()
	upstream := func(o *translate.Options) { o.UpstreamModel = []byte(`"m"`) }
	checkRequests(t, translate.Gemini, translate.Chat, []requestCase{
		{name: "a text, a system prompt and the parameters", options: upstream,
			body: `{"contents":[{"parts":[{"text":"hi \"q\" \u00e9"},{"text":"and"}]}],"systemInstruction":{"role":"user","parts":[{"text":"be"},{"text":"brief"}]},
				"generationConfig":{"temperature":0.5,"topP":0.9,"topK":40,"maxOutputTokens":100,"stopSequences":["x"],"seed":7,"presencePenalty":1,"frequencyPenalty":2,"candidateCount":1,"responseModalities":["TEXT"],"responseMimeType":"text/plain"},
				"safetySettings":[{"category":"c","threshold":"t"}],"labels":{}}`,
			want: `{"model":"m","messages":[{"role":"system","content":"be\n\nbrief"},{"role":"user","content":"hi \"q\" é\n\nand"}],"max_tokens":100,"temperature":0.5,"top_p":0.9,"stop":["x"],"seed":7,
				"presence_penalty":1,"frequency_penalty":2}`,
			dropped: []string{"safetySettings", "generationConfig.topK"}},
		{name: "names in snake case, a stream",
			options: func(o *translate.Options) { o.Stream = true },
			body: `{"contents":[{"parts":{"text":"hi"}}],"system_instruction":"be","generation_config":{"max_output_tokens":5,"top_p":1},"safety_settings":[{}],
				"tools":[{"function_declarations":[{"name":"f"}]}],"tool_config":{"function_calling_config":{"mode":"NONE"}}}`,
			want: `{"messages":[{"role":"system","content":"be"},{"role":"user","content":"hi"}],"max_tokens":5,"top_p":1,"stream":true,"stream_options":{"include_usage":true},
				"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],"tool_choice":"none"}`,
			dropped: []string{"safety_settings"}},
		{name: "calls without ids and their results, in another order",
			body: `{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"text":"I look"},{"functionCall":{"name":"a","args":{"n":1}}},{"functionCall":{"name":"b"}},{"functionCall":{"name":"a","args":{"n":2}}}]},
				{"role":"user","parts":[{"functionResponse":{"name":"b","response":{"error":"no b"}}},{"functionResponse":{"name":"a","response":{"output":"one\n"}}},{"functionResponse":{"name":"a","response":{"x":[1]}}}]}]}`,
			want: `{"messages":[{"role":"user","content":"go"},{"role":"assistant","content":"I look","tool_calls":[{"id":"call_0","type":"function","function":{"name":"a","arguments":"{\"n\":1}"}},
				{"id":"call_1","type":"function","function":{"name":"b","arguments":"{}"}},{"id":"call_2","type":"function","function":{"name":"a","arguments":"{\"n\":2}"}}]},
				{"role":"tool","tool_call_id":"call_1","content":"Error: no b"},{"role":"tool","tool_call_id":"call_0","content":"one\n"},{"role":"tool","tool_call_id":"call_2","content":"{\"x\":[1]}"}]}`},
		{name: "calls with ids",
			body: `{"contents":[{"role":"model","parts":[{"functionCall":{"id":"x","name":"a","args":{}}},{"functionCall":{"id":"y","name":"a","args":{}}}]},
				{"role":"function","parts":[{"functionResponse":{"id":"y","name":"a","response":{"result":"r"}}},{"functionResponse":{"id":"x","name":"a","response":{"output":""}}}]}]}`,
			want: `{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"a","arguments":"{}"}},{"id":"y","type":"function","function":{"name":"a","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"y","content":"r"},{"role":"tool","tool_call_id":"x","content":""}]}`},
		{name: "images, a text and a document as data, and an image by its address",
			body: `{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"_-A"}},{"inline_data":{"mime_type":"text/csv","data":"YSxi"}},{"inlineData":{"mimeType":"application/pdf","data":"JVBE","displayName":"a.pdf"}},
				{"fileData":{"mimeType":"image/jpeg","fileUri":"https://example.org/a.jpg"}}]}]}`,
			want: `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,/+A="}},{"type":"text","text":"a,b"},
				{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},{"type":"image_url","image_url":{"url":"https://example.org/a.jpg"}}]}]}`},
		{name: "Google's own schema",
			body: `{"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f","description":"d","behavior":"BLOCKING","parameters":{"type":"OBJECT","propertyOrdering":["type"],"required":["type"],
				"properties":{"type":{"type":"STRING","enum":["A"],"format":"enum","nullable":true},"list":{"type":"ARRAY","minItems":"2","items":{"type":"INTEGER"}},"any":{"anyOf":[{"type":"NUMBER"},{"type":"BOOLEAN"}]}}}}]},{"googleSearch":{}}],
				"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}`,
			want: `{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","required":["type"],
				"properties":{"type":{"type":["string","null"],"enum":["A"],"format":"enum"},"list":{"type":"array","minItems":2,"items":{"type":"integer"}},"any":{"anyOf":[{"type":"number"},{"type":"boolean"}]}}}}}],
				"tool_choice":{"type":"function","function":{"name":"f"}}}`,
			dropped: []string{"tools.functionDeclarations.behavior", "tools.googleSearch"}},
		{name: "several functions of which one has to be called",
			body: `{"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"},{"name":"h"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f","g"]}}}`,
			want: `{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}},
				{"type":"function","function":{"name":"h","parameters":{"type":"object","properties":{}}}}],"tool_choice":"required"}`,
			dropped: []string{"toolConfig.functionCallingConfig.allowedFunctionNames"}},
		{name: "an answer in a form of Google's",
			body: `{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}}`,
			want: `{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"reply","schema":{"type":"object","properties":{"a":{"type":"string"}}},"strict":true}}}`},
		{name: "any JSON",
			body: `{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"responseMimeType":"application/json"}}`,
			want: `{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}}`},
		{name: "a budget for thinking", options: func(o *translate.Options) { o.Effort = true },
			body: `{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":8192}}}`,
			want: `{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"medium"}`},
		{name: "a level of thinking", options: func(o *translate.Options) { o.Effort = true },
			body: `{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}`,
			want: `{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"high"}`},
		{name: "thinking where the upstream takes no effort",
			body:    `{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}}`,
			want:    `{"messages":[{"role":"user","content":"a"}]}`,
			dropped: []string{"generationConfig.thinkingConfig"}},
		{name: "no thinking",
			body: `{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`,
			want: `{"messages":[{"role":"user","content":"a"}]}`},
		{name: "Google's own signature and thoughts",
			body:    `{"contents":[{"role":"model","parts":[{"text":"hm","thought":true},{"text":"b","thoughtSignature":"CoQB"}]},{"parts":[{"text":"a"}]}]}`,
			want:    `{"messages":[{"role":"assistant","content":"b"},{"role":"user","content":"a"}]}`,
			dropped: []string{"contents.parts.thoughtSignature", "contents.parts.thought"}},
	})
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
	const tail = `"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":17,"cachedContentTokenCount":4,"thoughtsTokenCount":2},"modelVersion":"alias","responseId":"chatcmpl-9"}`
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
			`{"choices":[{"index":0,"message":{"reasoning_content":"hm \"é\"","tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}`,
			`"reasoning_content":"hm \"é\""`},
		"Gemini's own signature": {translate.Chat, back,
			`{"choices":[{"index":0,"message":{"tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{}"},"extra_content":{"google":{"thought_signature":"SIG"}}}]},"finish_reason":"tool_calls"}]}`,
			`"extra_content":{"google":{"thought_signature":"SIG"}}`},
		"Anthropic's thinking": {translate.Messages, nil,
			`{"type":"message","content":[{"type":"thinking","thinking":"hm\n","signature":"sig=="},{"type":"redacted_thinking","data":"hidden"},{"type":"tool_use","id":"c1","name":"Read","input":{}}],"stop_reason":"tool_use"}`,
			`{"type":"thinking","thinking":"hm\n","signature":"sig=="},{"type":"redacted_thinking","data":"hidden"},{"type":"tool_use"`},
		"a reasoning item": {translate.Responses, nil,
			`{"object":"response","status":"completed","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"enc=="},{"type":"function_call","call_id":"c1","name":"Read","arguments":"{}"}]}`,
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

// TestAForgedSignatureIsNoWayIntoTheBody has a client write JSON into a signature.
func TestAForgedSignatureIsNoWayIntoTheBody(t *testing.T) {
	t.Parallel()
	const forged = `fmZsb3dnYXRldDE0On5mbG93Z2F0ZTpjaGF0MTY6In0sImV2aWwiOnsiYSI6Ig==` // …chat, then "},"evil":{"a":"
	out, _ := mustRequest(t, translate.Gemini, translate.Chat, `{"contents":[{"role":"model","parts":[{"text":"b","thoughtSignature":"`+forged+`"}]}]}`,
		translate.Options{ReasoningBack: true})
	if !strings.Contains(string(out), `"reasoning_content":"\"},\"evil\":{\"a\":\""`) {
		t.Errorf("the upstream gets %s", out)
	}
}
