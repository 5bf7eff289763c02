package translatetest

import (
	"fmt"
	"strings"
)

// Chat are streams of chat upstreams, with the oddities seen in the field.
var Chat = []Played{
	{Name: "a text",
		Stream: Chunks(`"delta":{"role":"assistant","content":""}`, `"delta":{"content":"Hel"}`,
			`"delta":{"content":"lo \"é\" \u00e9\n"}`, `"delta":{},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"Hello \"é\" \u00e9\n"}`, "stop")},
	{Name: "reasoning before a text",
		Stream: Chunks(`"delta":{"reasoning_content":"let "}`, `"delta":{"reasoning_content":"me","content":"an"}`,
			`"delta":{"content":"swer"},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"answer","reasoning_content":"let me"}`, "stop")},
	{Name: "reasoning as OpenRouter names it",
		Stream: Chunks(`"delta":{"content":"","reasoning":"let me","reasoning_details":[{"type":"reasoning.text","text":"let me"}]}`, `"delta":{"content":"answer"},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply:  ChatReply(`{"role":"assistant","content":"answer","reasoning":"let me"}`, "stop")},
	{Name: "a call in pieces",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"Read","arguments":""}}]}`, `"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"pa"}}]}`,
			`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"th\":\"a\\\"b\"}"}}]}`,
			`"delta":{},"finish_reason":"tool_calls"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+readCall+`]}`, "tool_calls")},
	{Name: "a text, then two calls, name and arguments in one chunk, and finish_reason stop",
		Stream: Chunks(`"delta":{"content":"I look"}`,
			`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}}]}`,
			`"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"Now","arguments":"{}"}}]}`,
			`"delta":{},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"I look","tool_calls":[`+readCall+`,`+nowCall+`]}`, "stop")},
	{Name: "interleaved calls",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"path\":"}},{"index":1,"id":"c2","function":{"name":"Now","arguments":"{"}}]}`,
			`"delta":{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}`,
			`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"a\\\"b\"}"}}]}`,
			`"delta":{},"finish_reason":"tool_calls"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+readCall+`,`+nowCall+`]}`, "tool_calls")},
	{Name: "calls without an index",
		Stream: Chunks(`"delta":{"tool_calls":[{"id":"c1","function":{"name":"Read","arguments":"{\"path\":"}}]}`,
			`"delta":{"tool_calls":[{"function":{"arguments":"\"a\\\"b\"}"}}]}`,
			`"delta":{"tool_calls":[{"id":"c2","function":{"name":"Now","arguments":""}}]}`,
			`"delta":{"tool_calls":[{"id":"c2","function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"`) + UsageChunk +
			Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+readCall+`,`+nowCall+`]}`, "tool_calls")},
	{Name: "all calls with index 0",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}}]}`,
			`"delta":{"tool_calls":[{"index":0,"id":"c2","function":{"name":"Now","arguments":"{}"}}]},"finish_reason":"tool_calls"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+readCall+`,`+nowCall+`]}`, "tool_calls")},
	{Name: "no id, and one used twice",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"","function":{"name":"Now","arguments":"{}"}},{"index":1,"id":"c","function":{"name":"Now","arguments":"{}"}},{"index":2,"id":"c","function":{"name":"Now","arguments":"{}"}}]},"finish_reason":"tool_calls"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[{"type":"function","function":{"name":"Now","arguments":"{}"}},
			{"id":"c","type":"function","function":{"name":"Now","arguments":"{}"}},{"id":"c","type":"function","function":{"name":"Now","arguments":"{}"}}]}`, "tool_calls")},
	{Name: "whole arguments at the end, and the id repeated in each chunk",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read"}},{"index":1,"id":"c2","function":{"name":"Now"}}]}`,
			`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}},{"index":1,"id":"c2","function":{"arguments":"{}"}}]}`, `"delta":{},"finish_reason":"tool_calls"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+readCall+`,`+nowCall+`]}`, "tool_calls")},
	{Name: "arguments that are an object, and none at all",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":{"path":"a\"b"}}},{"index":1,"id":"c2","function":{"name":"Now"}}]},"finish_reason":"tool_calls"`) + UsageChunk + Done,
		Reply:  ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+readCall+`,`+nowCall+`]}`, "tool_calls")},
	{Name: "a text behind a call",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c2","function":{"name":"Now","arguments":"{}"}}]}`,
			`"delta":{"content":"so"},"finish_reason":"tool_calls"`) + UsageChunk + Done},
	{Name: "Gemini's thought signatures, with and without thinking",
		Stream: Chunks(`"delta":{"reasoning_content":"hm"}`,
			`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Now","arguments":"{}"},"extra_content":{"google":{"thought_signature":"AbC/+=="}}}]}`, `"delta":{"content":"so"}`,
			`"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"Now","arguments":"{}"},"extra_content":{"google":{"thought_signature":"DeF"}}}]},"finish_reason":"tool_calls"`) + UsageChunk + Done},
	{Name: "the limit of tokens within a call",
		Stream: Chunks(`"delta":{"content":"x","tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"path\":\"a"}}]},"finish_reason":"length"`) + UsageChunk + Done},
	{Name: "no usage and no [DONE]",
		Stream: Chunks(`"delta":{"content":"Hello"}`, `"delta":{},"finish_reason":"length"`)},
	{Name: "usage in the last chunk, CR LF, comments, no blank at the colon, and no line end",
		Stream: ": ping\r\n\r\nevent: x\r\nid: 1\r\n" +
			strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(Chunks(`"delta":{"content":"Hello"}`,
				`"delta":{},"finish_reason":"stop"`)+UsageChunk, "data: ", "data:"), "\n", "\r\n"), "\r\n"),
		Reply: ChatReply(`{"role":"assistant","content":"Hello"}`, "stop")},
	{Name: "an event over several lines",
		Stream: "data: {\"id\":\"chatcmpl-9\",\"created\":1700000001,\"choices\":[{\"index\":0,\ndata: " +
			"\"delta\":{\"content\":\"Hello\"},\ndata: \"finish_reason\":\"stop\"}]}\n\n" + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"Hello"}`, "stop")},
	{Name: "a filtered reply", Stream: Chunks(`"delta":{"content":"He"}`,
		`"delta":{},"finish_reason":"content_filter"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"He"}`, "content_filter")},
	{Name: "a refusal", Stream: Chunks(`"delta":{"refusal":"I can"}`,
		`"delta":{"refusal":"not"},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"refusal":"I cannot"}`, "stop")},
	{Name: "content in parts",
		Stream: Chunks(`"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}`,
			`"delta":{"content":[{"type":"text","text":"so"}]},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"so"}]}`, "stop")},
	{Name: "a function call of the old kind", Stream: Chunks(`"delta":{"function_call":{"name":"Now","arguments":""}}`,
		`"delta":{"function_call":{"arguments":"{}"}}`, `"delta":{},"finish_reason":"function_call"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"function_call":{"name":"Now","arguments":"{}"}}`,
			"function_call")},

	{Name: "no finish_reason, but the usage and [DONE]",
		Stream: Chunks(`"delta":{"content":"Hel","refusal":"","role":"assistant","tool_calls":null}`,
			`"delta":{"content":"lo","refusal":"","role":"assistant","tool_calls":null}`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"Hello"}`, "stop")},
	{Name: "reasoning only in its details",
		Stream: Chunks(`"delta":{"content":"","reasoning_details":[{"type":"reasoning.text","index":0,"text":"let "}]}`,
			`"delta":{"content":"","reasoning_details":[{"type":"reasoning.text","index":0,"text":"me"}]}`,
			`"delta":{"content":"answer"},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"answer","reasoning_content":"let me"}`, "stop")},
	{Name: "reasoning, and the same in details of a later chunk",
		Stream: Chunks(`"delta":{"reasoning":"let me"}`,
			`"delta":{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"let me","signature":"s"}]}`,
			`"delta":{"content":"answer"},"finish_reason":"stop"`) + UsageChunk + Done,
		Reply: ChatReply(`{"role":"assistant","content":"answer","reasoning":"let me"}`, "stop")},

	{Name: "arguments beside a finish_reason, which comes twice, and usage beside the second",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c2","type":"function","function":{"name":"Now","arguments":""}}],"content":""}`,
			`"delta":{"content":"","tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"`) +
			strings.Replace(UsageChunk, `"choices":[]`,
				`"choices":[{"index":0,"text":"","finish_reason":"tool_calls","delta":{"role":"assistant","content":""}}]`, 1) + Done,
		Reply: ChatReply(`{"role":"assistant","content":null,"tool_calls":[`+nowCall+`]}`, "tool_calls")},

	{Name: "cut within a text", Stream: Chunks(`"delta":{"content":"Hel"}`), Failure: "broke off"},
	{Name: "usage without an end", Stream: Chunks(`"delta":{"content":"Hel"}`) + UsageChunk, Failure: "broke off"},
	{Name: "[DONE] without an end", Stream: Chunks(`"delta":{"content":"Hel"}`) + Done, Failure: "broke off"},
	{Name: "cut within an event", Stream: Chunks(`"delta":{"content":"Hel"}`) +
		`data: {"choices":[{"delta":{"content":"lo`, Failure: "broke off"},
	{Name: "an error as a data line", Stream: Chunks(`"delta":{"content":"Hel"}`) +
		"data: {\"error\":{\"message\":\"it broke\",\"type\":\"server_error\",\"code\":500}}\n\n", Failure: "it broke"},
	{Name: "an error in a choice",
		Stream:  Chunks(`"delta":{"content":"Hel"},"error":{"code":502,"message":"it broke"},"finish_reason":"error"`),
		Failure: "it broke"},
	{Name: "an error event", Stream: Chunks(`"delta":{"content":"Hel"}`) + "event: error\ndata: it broke\n\n",
		Failure: "it broke"},
	{Name: "nothing", Stream: "", Failure: "broke off"},
	{Name: "no content", Stream: Chunks(`"delta":{"role":"assistant"}`, `"delta":{},"finish_reason":"stop"`) + Done,
		Failure: "without content"},
	{Name: "broken arguments",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"path\""}}]},"finish_reason":"tool_calls"`) + Done, Failure: "not a JSON object"},
	{Name: "a call without a name",
		Stream: Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"`) + Done, Failure: "name"},
	{Name: "an event that is not JSON", Stream: Chunks(`"delta":{"content":"Hel"}`) + "data: {oops\n\n" + Done,
		Failure: "not JSON"},
	{Name: "a page", Stream: "<html>\n<body>\n", Failure: "broke off"},
	{Name: "another dialect", Stream: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n",
		Failure: "broke off"},
}

// UsageChunk is the last chunk, with the usage; Done ends a stream.
const (
	UsageChunk = "data: {\"id\":\"chatcmpl-9\",\"object\":\"chat.completion.chunk\",\"created\":1700000001,\"model\":\"up\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":7,\"total_tokens\":107,\"prompt_tokens_details\":{\"cached_tokens\":60},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n"
	Done       = "data: [DONE]\n\n"
	readCall   = `{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}}`
	nowCall    = `{"id":"c2","type":"function","function":{"name":"Now","arguments":"{}"}}`
)

// Chunks are the events of a chat stream with these choices.
func Chunks(choices ...string) string {
	var s strings.Builder
	for _, choice := range choices {
		fmt.Fprintf(&s, "data: {\"id\":\"chatcmpl-9\",\"object\":\"chat.completion.chunk\",\"created\":1700000001,\"model\":\"up\",\"choices\":[{\"index\":0,%s}]}\n\n", choice)
	}
	return s.String()
}

// ChatReply is a chat reply with a message.
func ChatReply(message, finish string) string {
	return fmt.Sprintf(`{"id":"chatcmpl-9","object":"chat.completion","created":1700000001,"model":"up","choices":[{"index":0,"message":%s,"finish_reason":%q}],
		"usage":{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":60},"completion_tokens_details":{"reasoning_tokens":3}}}`, message, finish)
}
