package translation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator"
	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator/builtin"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// streamRequests ask for a stream, with the tools that the streams call.
var streamRequests = map[translate.Dialect]string{
	translate.Messages:  `{"model":"m","max_tokens":16,"stream":true,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"Read","input_schema":{"type":"object"}},{"name":"Now","input_schema":{"type":"object"}}]}`,
	translate.Responses: `{"model":"m","stream":true,"input":"hi","tools":[{"type":"function","name":"Read","parameters":{"type":"object"}},{"type":"function","name":"Now","parameters":{"type":"object"}}]}`,
	translate.Gemini:    `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"Read"},{"name":"Now"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}`,
}

func TestStreamsOfChatSayWhatCLIProxyAPIMakesOfThem(t *testing.T) {
	t.Parallel()
	for _, from := range []translate.Dialect{translate.Messages, translate.Responses, translate.Gemini} {
		found := make(map[string]bool)
		for _, c := range translatetest.Chat {
			if c.Failure != "" {
				continue // CLIProxyAPI ends a stream that broke off as a good one
			}
			request, call, err := translate.Request(from, translate.Chat, []byte(streamRequests[from]), options)
			if err != nil {
				t.Fatal(err)
			}
			out, _ := translatetest.Stream(call, c.Stream, 1<<20)
			ours := summarize(from, string(out))
			theirs := summarize(from, playTheirs(from, request, c.Stream))
			reason := acceptedStreams[from][c.Name]
			switch {
			case ours != theirs && reason == "":
				t.Errorf("%s, %s: the stream says\n%s\nand in CLIProxyAPI\n%s", from, c.Name, ours, theirs)
			case ours == theirs && reason != "" && reason != unordered:
				t.Errorf("%s, %s does not differ any more", from, c.Name)
			}
			found[c.Name] = true
		}
		for name := range acceptedStreams[from] {
			if !found[name] {
				t.Errorf("no stream is called %s", name)
			}
		}
	}
}

// playTheirs is what CLIProxyAPI makes of a stream. Its executor passes the data
// lines one by one.
func playTheirs(from translate.Dialect, request []byte, upstream string) string {
	var out strings.Builder
	var state any
	for line := range strings.Lines(upstream) {
		line = strings.TrimRight(line, "\r\n")
		if !strings.HasPrefix(line, "data:") {
			continue
		}
		pieces := builtin.Registry().TranslateStream(context.Background(), translator.FormatOpenAI, formats[from], "m",
			[]byte(streamRequests[from]), request, []byte(line), &state)
		for _, piece := range pieces {
			out.Write(piece)
			out.WriteString("\n\n")
		}
	}
	return out.String()
}

// summarize says what a client gets to know: the blocks, and why the reply ended.
func summarize(from translate.Dialect, stream string) string {
	s := summary{}
	for line := range strings.Lines(stream) {
		line = strings.TrimRight(line, "\n")
		data, ok := strings.CutPrefix(line, "data:")
		if from == translate.Gemini && strings.HasPrefix(line, "{") { // without the frame of an event
			data, ok = line, true
		}
		if !ok {
			continue
		}
		var e event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return fmt.Sprintf("%v: %s", err, data)
		}
		switch from {
		case translate.Messages:
			s.message(&e)
		case translate.Gemini:
			s.gemini(&e)
		default:
			s.response(&e)
		}
	}
	return strings.Join(s.blocks, "\n") + "\n" + s.end + s.usage
}

// event is an event of either dialect.
type event struct {
	Type  string
	Index int
	Block struct{ Type, Name string } `json:"content_block"`
	Delta json.RawMessage
	Usage struct {
		Output int `json:"output_tokens"`
	}
	Response struct {
		Status string
		Output []struct {
			Type, Name, Arguments string
			Content               []struct{ Text, Refusal string }
			Summary               []struct{ Text string }
		}
		Usage struct {
			Output int `json:"output_tokens"`
		}
	}
	Candidates []struct {
		Content struct {
			Parts []struct {
				Text    string
				Thought bool
				Call    *struct {
					Name string
					Args json.RawMessage
				} `json:"functionCall"`
			}
		}
		FinishReason string
	}
	UsageMetadata struct{ TotalTokenCount int }
}

type summary struct {
	blocks     []string
	end, usage string
}

func (s *summary) message(e *event) {
	switch e.Type {
	case "content_block_start":
		s.blocks = append(s.blocks, e.Block.Type+" "+e.Block.Name+" ")
	case "content_block_delta":
		var delta struct {
			Text, Thinking string
			JSON           string `json:"partial_json"`
		}
		_ = json.Unmarshal(e.Delta, &delta)
		if e.Index < len(s.blocks) {
			s.blocks[e.Index] += delta.Text + delta.Thinking + delta.JSON
		}
	case "message_delta":
		var delta struct {
			Stop string `json:"stop_reason"`
		}
		_ = json.Unmarshal(e.Delta, &delta)
		s.end = fmt.Sprint(delta.Stop, " ", e.Usage.Output)
	case "message_stop":
		s.end += " stop"
	}
}

// gemini adds the parts: texts of one kind that follow each other are one.
func (s *summary) gemini(e *event) {
	if e.UsageMetadata.TotalTokenCount > 0 {
		s.usage = fmt.Sprint(e.UsageMetadata.TotalTokenCount)
	}
	for _, c := range e.Candidates {
		for _, p := range c.Content.Parts {
			n, kind := len(s.blocks), fmt.Sprint("thought ", p.Thought, " ")
			switch {
			case p.Call != nil:
				s.blocks = append(s.blocks, "call "+p.Call.Name+" "+string(p.Call.Args))
			case p.Text == "":
			case n > 0 && strings.HasPrefix(s.blocks[n-1], kind):
				s.blocks[n-1] += p.Text
			default:
				s.blocks = append(s.blocks, kind+p.Text)
			}
		}
		if c.FinishReason != "" {
			s.end = c.FinishReason
		}
	}
}

func (s *summary) response(e *event) {
	if e.Type != "response.completed" && e.Type != "response.incomplete" {
		return
	}
	for _, item := range e.Response.Output {
		text := item.Arguments
		for _, part := range item.Content {
			text += part.Text + part.Refusal
		}
		for _, part := range item.Summary {
			text += part.Text
		}
		s.blocks = append(s.blocks, item.Type+" "+item.Name+" "+text)
	}
	s.end = fmt.Sprint(e.Response.Status, " ", e.Response.Usage.Output)
}

// acceptedStreams are the streams of which the two make something else, with
// the reason, by the client's dialect.
var acceptedStreams = map[translate.Dialect]map[string]string{
	translate.Messages: merge(lost, map[string]string{
		"reasoning, and the same in details of a later chunk": "CLIProxyAPI does not know the member reasoning",
		"reasoning as OpenRouter names it":                    "CLIProxyAPI does not know the member reasoning",
	}),
	translate.Responses: merge(lost, map[string]string{
		"reasoning before a text": "CLIProxyAPI goes on with reasoning behind the text that came with it",
		"usage in the last chunk, CR LF, comments, no blank at the colon, and no line end": "CLIProxyAPI ends its stream " +
			"only at [DONE]",
	}),
	translate.Gemini: merge(lost, map[string]string{
		"reasoning, and the same in details of a later chunk":                             "CLIProxyAPI does not know the member reasoning",
		"reasoning before a text":                                                         "CLIProxyAPI loses a finish reason that comes with content",
		"reasoning as OpenRouter names it":                                                "CLIProxyAPI does not know the member reasoning",
		"a text, then two calls, name and arguments in one chunk, and finish_reason stop": unordered,
		"interleaved calls":                                                               unordered,
		"whole arguments at the end, and the id repeated in each chunk":                   unordered,
		"arguments beside a finish_reason, which comes twice, and usage beside the second": "CLIProxyAPI loses the usage " +
			"beside a second finish reason",
		"a filtered reply":          "", // CLIProxyAPI knows how Google says that
		"no id, and one used twice": "CLIProxyAPI loses calls that come with the finish reason",
		"a text behind a call":      "CLIProxyAPI loses calls that come with the finish reason",
	}),
}

// unordered says that CLIProxyAPI's order is another every time.
const unordered = "CLIProxyAPI gives the calls in the order of a map"

// lost are the streams of which CLIProxyAPI loses something for every client.
var lost = map[string]string{
	"no finish_reason, but the usage and [DONE]":             "CLIProxyAPI does not end the stream, or without a reason",
	"reasoning only in its details":                          "CLIProxyAPI does not know the member reasoning_details",
	"calls without an index":                                 "CLIProxyAPI makes one call of two",
	"all calls with index 0":                                 "CLIProxyAPI makes one call of two",
	"arguments that are an object, and none at all":          "CLIProxyAPI passes an empty text as arguments",
	"Gemini's thought signatures, with and without thinking": "CLIProxyAPI loses them",
	"the limit of tokens within a call": "CLIProxyAPI calls a reply complete that the limit of " +
		"tokens cut off",
	"no usage and no [DONE]":          "CLIProxyAPI does not end its stream",
	"an event over several lines":     "CLIProxyAPI reads line by line",
	"a filtered reply":                "CLIProxyAPI calls a filtered reply complete",
	"a refusal":                       "CLIProxyAPI loses the refusal",
	"content in parts":                "CLIProxyAPI passes the parts as JSON text",
	"a function call of the old kind": "CLIProxyAPI does not know it",
}

func merge(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
