package echo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// geminiRequest is the body of a request to models/M:generateContent.
type geminiRequest struct {
	Contents          []geminiContent `json:"contents"`
	SystemInstruction geminiContent   `json:"systemInstruction"`
	Tools             []struct {
		FunctionDeclarations []struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parametersJsonSchema"`
		} `json:"functionDeclarations"`
	} `json:"tools"`
	ToolConfig struct {
		FunctionCallingConfig struct {
			Mode string `json:"mode"`
		} `json:"functionCallingConfig"`
	} `json:"toolConfig"`
}

// geminiContent is a message of the user or of the model.
type geminiContent struct {
	Role  string       `json:"role,omitempty"`
	Parts []geminiPart `json:"parts"`
}

// geminiPart is a part of a message.
type geminiPart struct {
	Text             *string             `json:"text,omitempty"`
	FunctionCall     *geminiCall         `json:"functionCall,omitempty"`
	FunctionResponse *geminiCallResponse `json:"functionResponse,omitempty"`
}

// geminiCall is a call of a function.
type geminiCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// geminiCallResponse is the result of a function.
type geminiCallResponse struct {
	Response json.RawMessage `json:"response"`
}

// geminiReply is a reply, or a chunk of one.
type geminiReply struct {
	Candidates   []geminiCandidate `json:"candidates"`
	Usage        *geminiUsage      `json:"usageMetadata,omitempty"`
	ModelVersion string            `json:"modelVersion"`
	ResponseID   string            `json:"responseId"`
}

// geminiCandidate is one answer of a reply.
type geminiCandidate struct {
	Content      geminiContent `json:"content"`
	FinishReason string        `json:"finishReason,omitempty"`
	Index        int           `json:"index"`
}

// geminiUsage counts tokens in Google's dialect.
type geminiUsage struct {
	Prompt     int `json:"promptTokenCount"`
	Candidates int `json:"candidatesTokenCount"`
	Total      int `json:"totalTokenCount"`
}

// geminiError is the body of an error on Google's routes.
type geminiError struct {
	Error geminiErrorBody `json:"error"`
}

// geminiErrorBody is the member "error" of a geminiError.
type geminiErrorBody struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
}

// serveGemini answers POST /v1beta/models/M:METHOD.
func (s *server) serveGemini(w http.ResponseWriter, r *http.Request) {
	model, method, _ := cutLast(r.PathValue("model"), ":")
	answers := map[string]func(*call) error{"generateContent": answerGemini,
		"streamGenerateContent": answerGemini, "countTokens": countGeminiTokens}
	answer := answers[method]
	if answer == nil {
		s.refuseUnknown(w, r)
		return
	}
	s.serve(w, r, google, func(c *call, body []byte) error {
		c.req.Model, c.req.Stream = model, strings.HasPrefix(method, "stream")
		return c.readGemini(body)
	}, answer)
}

// cutLast cuts a text at the last separator, as strings.Cut does at the first.
func cutLast(text, separator string) (before, after string, ok bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// readGemini reads a body in Google's dialect into the request, as messages of a chat.
func (c *call) readGemini(body []byte) error {
	var parsed geminiRequest
	if err := json.Unmarshal(body, &parsed); err != nil {
		return fmt.Errorf("the body is not a request in JSON: %w", err)
	}
	c.req.System = parsed.SystemInstruction.texts()
	for _, content := range parsed.Contents {
		// Google takes a content without a role as the user's.
		m := message{Role: cmp.Or(content.Role, "user"), Content: content.texts()}
		for _, p := range content.Parts {
			if p.FunctionResponse != nil {
				m = message{Role: "tool", Content: append(m.Content, block{Text: string(p.FunctionResponse.Response)})}
			}
		}
		c.req.Messages = append(c.req.Messages, m)
	}
	for _, t := range parsed.Tools {
		for _, f := range t.FunctionDeclarations {
			c.req.Tools = append(c.req.Tools, tool{Name: f.Name, Parameters: f.Parameters})
		}
	}
	mode := strings.ToLower(parsed.ToolConfig.FunctionCallingConfig.Mode)
	c.req.ToolChoice, _ = json.Marshal(mode) // a string always marshals
	return nil
}

// texts returns the texts of a message as blocks.
func (g geminiContent) texts() content {
	var out content
	for _, p := range g.Parts {
		if p.Text != nil {
			out = append(out, block{Type: "text", Text: *p.Text})
		}
	}
	return out
}

// answerGemini answers generateContent and streamGenerateContent.
func answerGemini(c *call) error {
	if len(c.req.Messages) == 0 {
		return missingError("contents")
	}
	a := c.chooseAnswer(c.req.Messages)
	usage := &geminiUsage{a.in, a.out, a.in + a.out}
	part := geminiPart{Text: &a.text}
	if a.tool != nil {
		part = geminiPart{FunctionCall: &geminiCall{ID: "call_" + c.digest, Name: a.tool.name,
			Args: json.RawMessage(a.tool.arguments)}}
	}
	if !c.req.Stream {
		c.writeReply(c.newGeminiReply(part, "STOP", usage))
		return nil
	}
	st := c.beginStream()
	sendError := func(message string) { st.write(append(encode(google.errorBody(503, message)), "\n\n"...)) }
	switch {
	case a.tool != nil:
		st.send("", c.newGeminiReply(part, "", nil))
	case !st.sendDeltas(a.text, func(piece string) {
		st.send("", c.newGeminiReply(geminiPart{Text: &piece}, "", nil))
	}, sendError):
		return nil
	}
	st.send("", c.newGeminiReply(geminiPart{Text: new("")}, "STOP", usage))
	return nil
}

// newGeminiReply returns a reply or a chunk with one part; finish is its finish reason, empty when it goes on.
func (c *call) newGeminiReply(part geminiPart, finish string, usage *geminiUsage) geminiReply {
	return geminiReply{Candidates: []geminiCandidate{{Content: geminiContent{"model", []geminiPart{part}},
		FinishReason: finish}}, Usage: usage, ModelVersion: c.req.Model, ResponseID: c.digest}
}

// countGeminiTokens answers countTokens.
func countGeminiTokens(c *call) error {
	c.writeReply(struct {
		TotalTokens int `json:"totalTokens"`
	}{c.req.tokens(c.req.Messages)})
	return nil
}
