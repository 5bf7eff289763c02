// Package translation_test compares the translation between dialects with that
// of CLIProxyAPI. Every difference is accepted by name and with its reason, or
// the test fails; so does one that no longer exists.
package translation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator"
	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator/builtin"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

var formats = map[translate.Dialect]translator.Format{
	translate.Chat: translator.FormatOpenAI, translate.Messages: translator.FormatClaude,
	translate.Responses: translator.FormatOpenAIResponse, translate.Gemini: translator.FormatGemini,
}

var options = translate.Options{Model: "m", ID: "1", Created: time.Unix(1700000000, 0), Effort: true, TextParts: true}

// difference is what two documents have at one place: the path without indices.
type difference struct{ path, ours, theirs string }

// compare adds to list where two documents differ.
func compare(list []difference, path string, ours, theirs any) []difference {
	switch a := ours.(type) {
	case map[string]any:
		b, ok := theirs.(map[string]any)
		if !ok {
			break
		}
		keys := make(map[string]bool)
		for key := range a {
			keys[key] = true
		}
		for key := range b {
			keys[key] = true
		}
		for key := range keys {
			list = compare(list, path+"."+key, orAbsent(a, key), orAbsent(b, key))
		}
		return list
	case []any:
		b, ok := theirs.([]any)
		if !ok || len(a) != len(b) {
			break
		}
		for i := range a {
			list = compare(list, path+"[]", a[i], b[i])
		}
		return list
	}
	if x, y := encode(ours), encode(theirs); x != y {
		list = append(list, difference{strings.TrimPrefix(path, "."), x, y})
	}
	return list
}

type absent struct{}

func orAbsent(object map[string]any, key string) any {
	if v, ok := object[key]; ok {
		return v
	}
	return absent{}
}

func encode(v any) string {
	if v == (absent{}) {
		return "absent"
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func decode(t testing.TB, doc []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return v
}

// accepted are the places where the two differ, with the reason why.
type accepted map[string]string

// check fails for differences that are not accepted.
func (a accepted) check(t *testing.T, name string, list []difference, used map[string]bool) {
	t.Helper()
	for _, d := range list {
		if _, ok := a[d.path]; !ok {
			t.Errorf("%s: %s\nis     %s\nbut in CLIProxyAPI %s", name, d.path, d.ours, d.theirs)
		}
		used[d.path] = true
	}
}

func (a accepted) checkUsed(t *testing.T, used map[string]bool) {
	t.Helper()
	for path := range a {
		if !used[path] {
			t.Errorf("%s does not differ any more", path)
		}
	}
}

// requestCases are requests by dialect.
var requestCases = map[translate.Dialect][]string{
	translate.Messages: {
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"hi \"q\" \u00e9 é"}]}`,
		`{"model":"m","max_tokens":16,"system":"be terse","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"stream":true}`,
		`{"model":"m","max_tokens":16,"system":[{"type":"text","text":"one"},{"type":"text","text":"two","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"I look"},{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a\"b"}},{"type":"tool_use","id":"t2","name":"Now","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"x"},{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"y"}]},{"type":"text","text":"so"}]}]}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}},{"type":"image","source":{"type":"url","url":"https://a/b.png"}},{"type":"text","text":"see"}]}]}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"a"}],"tools":[{"name":"Read","description":"d","input_schema":{"type":"object","properties":{"p":{"type":"string"}}}},{"name":"Now","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"a"}],"tools":[{"name":"Read","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"Read"}}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"a"}],"temperature":0.5,"top_k":4,"stop_sequences":["x","y"],"metadata":{"user_id":"u"}}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"a"}],"top_p":0.5,"stop_sequences":["x"]}`,
		`{"model":"m","max_tokens":9000,"messages":[{"role":"user","content":"a"}],"thinking":{"type":"enabled","budget_tokens":8192}}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":"gone"}]}]}`,
	},
	translate.Chat: {
		`{"model":"m","max_tokens":16,"messages":[{"role":"system","content":"s"},{"role":"user","content":"hi \"q\" \u00e9 é"}]}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"go"},{"role":"assistant","content":"I look","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}},{"id":"toolu_2","type":"function","function":{"name":"Now","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"toolu_1","content":"x"},{"role":"tool","tool_call_id":"toolu_2","content":"y"},{"role":"user","content":"so"}]}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAA="}}]}],"temperature":0.5,"stop":["x"]}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"Read","description":"d","parameters":{"type":"object","properties":{"p":{"type":"string"}}}}}],"tool_choice":"required","parallel_tool_calls":false}`,
		`{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"Read","parameters":{"type":"object","properties":{}}}}],"tool_choice":{"type":"function","function":{"name":"Read"}}}`,
	},
	translate.Responses: {
		`{"model":"m","input":"hi","max_output_tokens":16}`,
		`{"model":"m","instructions":"be terse","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"rules"}]},{"role":"user","content":"hi"}],"stream":true}`,
		`{"model":"m","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"go"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look"}]},
			{"type":"function_call","call_id":"c1","name":"Read","arguments":"{\"p\":\"a\"}"},{"type":"function_call","call_id":"c2","name":"Now","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"x"},{"type":"function_call_output","call_id":"c2","output":"y"},
			{"type":"message","role":"user","content":[{"type":"input_text","text":"so"}]}]}`,
		`{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAA="},{"type":"input_text","text":"see"}]}]}`,
		`{"model":"m","input":"hi","tools":[{"type":"function","name":"Read","description":"d","parameters":{"type":"object","properties":{"p":{"type":"string"}}}}],"tool_choice":"auto","parallel_tool_calls":true}`,
		`{"model":"m","input":"hi","tools":[{"type":"custom","name":"patch","description":"d"}],"tool_choice":"required"}`,
		`{"model":"m","input":"hi","reasoning":{"effort":"high"},"temperature":0.5,"top_p":0.5}`,
		`{"model":"m","input":"hi","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}}}`,
	},
	translate.Gemini: {
		`{"contents":[{"role":"user","parts":[{"text":"hi \"q\" \u00e9 é"}]}],"generationConfig":{"maxOutputTokens":16}}`,
		`{"systemInstruction":{"parts":[{"text":"be terse"}]},"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]},{"role":"user","parts":[{"text":"c"}]}],
			"generationConfig":{"maxOutputTokens":16,"temperature":0.5,"topP":0.9,"topK":4,"stopSequences":["x","y"],"candidateCount":1}}`,
		`{"contents":[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[{"text":"I look"},{"functionCall":{"id":"toolu_1","name":"Read","args":{"path":"a\"b"}}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"toolu_1","name":"Read","response":{"result":"x"}}}]}],"generationConfig":{"maxOutputTokens":16}}`,
		`{"contents":[{"role":"user","parts":[{"text":"see"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"generationConfig":{"maxOutputTokens":16}}`,
		`{"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"maxOutputTokens":16},"tools":[{"functionDeclarations":[{"name":"Read","description":"d","parametersJsonSchema":{"type":"object","properties":{"p":{"type":"string"}}}}]}],
			"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}`,
		`{"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"maxOutputTokens":16},"tools":[{"functionDeclarations":[{"name":"Read","description":"d","parameters":{"type":"OBJECT","properties":{"p":{"type":"STRING"}}}}]}],
			"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}`,
		`{"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"maxOutputTokens":9000,"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}}`,
		`{"contents":[{"role":"user","parts":[{"text":"a"}]}],"generationConfig":{"maxOutputTokens":16,"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}}`,
	},
}

func TestRequestsAreThoseOfCLIProxyAPI(t *testing.T) {
	t.Parallel()
	for pair, accepted := range acceptedRequests {
		used := make(map[string]bool)
		for i, body := range requestCases[pair.from] {
			opts := options
			if pair.from == translate.Gemini { // its path names the model
				opts.UpstreamModel = []byte(`"m"`)
			}
			ours, _, err := translate.Request(pair.from, pair.to, []byte(body), opts)
			if err != nil {
				t.Fatal(err)
			}
			isStream := strings.Contains(body, `"stream":true`)
			theirs := builtin.Registry().TranslateRequest(formats[pair.from], formats[pair.to], "m", []byte(body), isStream)
			list := compare(nil, "", unify[pair.to](decode(t, ours)), unify[pair.to](decode(t, theirs)))
			accepted.check(t, fmt.Sprintf("%s→%s %d", pair.from, pair.to, i), list, used)
		}
		accepted.checkUsed(t, used)
	}
}

// pair is a client's dialect and an upstream's.
type pair struct{ from, to translate.Dialect }

// acceptedRequests are the accepted differences. CLIProxyAPI has no upstream of
// the Responses API but Codex's own, which takes less than the API.
var acceptedRequests = map[pair]accepted{
	{translate.Gemini, translate.Chat}: {
		"stream":                           "false is what chat takes by itself",
		"top_k":                            "chat has none: most upstreams refuse it",
		"n":                                "one is what chat gives by itself",
		"messages":                         "CLIProxyAPI sends a result with its envelope, and an empty message of the user behind it",
		"tools[].function.parameters.type": "CLIProxyAPI passes Google's own types, which no other upstream knows",
		"tools[].function.parameters.properties.p.type": "CLIProxyAPI passes Google's own types, which no other upstream knows",
		"response_format": "CLIProxyAPI loses responseJsonSchema",
	},
	{translate.Gemini, translate.Messages}: {
		"stream":                       "false is what Anthropic takes by itself",
		"metadata":                     "CLIProxyAPI invents a user",
		"system":                       "CLIProxyAPI loses the system prompt in camel case",
		"temperature":                  "CLIProxyAPI loses it beside topP",
		"top_k":                        "CLIProxyAPI loses it",
		"tools[].input_schema.$schema": "CLIProxyAPI adds to the client's schema",
		"tools[].input_schema.additionalProperties": "CLIProxyAPI adds to the client's schema",
		"output_config": "CLIProxyAPI loses responseJsonSchema",
	},
	{translate.Chat, translate.Messages}: {
		"stream":                                "false is what Anthropic takes by itself",
		"metadata":                              "CLIProxyAPI invents a user",
		"temperature":                           "CLIProxyAPI loses it",
		"tool_choice.disable_parallel_tool_use": "CLIProxyAPI loses parallel_tool_calls",
		"tools[].description":                   "CLIProxyAPI invents an empty description",
	},
	{translate.Responses, translate.Messages}: {
		"stream":   "false is what Anthropic takes by itself",
		"metadata": "CLIProxyAPI invents a user",
		"messages": "CLIProxyAPI loses an input that is a text, and moves a call behind the result of the one " +
			"before",
		"messages[].content":     "CLIProxyAPI makes the instructions a message of the user",
		"system":                 "CLIProxyAPI makes the instructions a message of the user",
		"max_tokens":             "the default limit is 8192; CLIProxyAPI's is more than some models take",
		"tools[].input_schema":   "CLIProxyAPI passes a custom tool that Anthropic does not know",
		"tools[].type":           "CLIProxyAPI passes a custom tool that Anthropic does not know",
		"thinking.budget_tokens": "the budget lies below the limit, and leaves room for the answer",
		"top_p":                  "CLIProxyAPI loses it",
		"output_config":          "CLIProxyAPI loses text.format",
	},
	{translate.Messages, translate.Chat}: {
		"stream":                       "false is what chat takes by itself",
		"stream_options":               "without it most upstreams tell no usage in streams",
		"parallel_tool_calls":          "CLIProxyAPI loses disable_parallel_tool_use",
		"tools[].function.description": "CLIProxyAPI invents an empty description",
		"stop":                         "a list is what every upstream takes; CLIProxyAPI makes a text of a list of one",
		"messages[].content":           "CLIProxyAPI loses that a tool's result is an error",
	},
	{translate.Responses, translate.Chat}: {
		"stream":         "false is what chat takes by itself",
		"stream_options": "without it most upstreams tell no usage in streams",
		"messages":       "CLIProxyAPI makes the developer's message one of the user",
		"tools[].function.parameters.additionalProperties": "a custom tool has no other argument than its text",
		"temperature":     "CLIProxyAPI loses it",
		"top_p":           "CLIProxyAPI loses it",
		"response_format": "CLIProxyAPI loses text.format",
	},
}

// unify gives a request one form of the things that can be said in two, by the
// upstream's dialect.
var unify = map[translate.Dialect]func(any) any{translate.Chat: unifyChat, translate.Messages: unifyMessages}

// unifyMessages makes every text a list of one block, and one message of several
// in a row with the same role.
func unifyMessages(v any) any {
	request := v.(map[string]any)
	blocks := func(v any) any {
		if text, ok := v.(string); ok {
			return []any{map[string]any{"type": "text", "text": text}}
		}
		return v
	}
	if system, ok := request["system"]; ok {
		request["system"] = blocks(system)
	}
	messages := []any{}
	for _, m := range request["messages"].([]any) {
		message := m.(map[string]any)
		message["content"] = blocks(message["content"])
		if n := len(messages); n > 0 {
			if last := messages[n-1].(map[string]any); last["role"] == message["role"] {
				last["content"] = append(last["content"].([]any), message["content"].([]any)...)
				continue
			}
		}
		messages = append(messages, message)
	}
	request["messages"] = messages
	return request
}

// unifyChat makes a list of one text that text, and one message of an assistant's
// text and its calls.
func unifyChat(v any) any {
	request := v.(map[string]any)
	var messages []any
	for _, m := range request["messages"].([]any) {
		message := m.(map[string]any)
		if parts, ok := message["content"].([]any); ok && len(parts) == 1 {
			if part := parts[0].(map[string]any); part["type"] == "text" {
				message["content"] = part["text"]
			}
		}
		if message["content"] == nil { // no content may be null, or not there
			delete(message, "content")
		}
		if n := len(messages); n > 0 && message["role"] == "assistant" && message["content"] == nil {
			if last := messages[n-1].(map[string]any); last["role"] == "assistant" && last["tool_calls"] == nil {
				last["tool_calls"] = message["tool_calls"]
				continue
			}
		}
		messages = append(messages, message)
	}
	request["messages"] = messages
	return request
}
