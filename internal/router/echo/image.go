package echo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/flowgate-go/flowgate/internal/router/echo/sample"
)

// maxImages is the largest number of pictures that one request may ask for, as in the OpenAI API.
const maxImages = 10

// imageReply is the reply to a request for pictures.
type imageReply struct {
	Created int64      `json:"created"`
	Data    []picture  `json:"data"`
	Usage   imageUsage `json:"usage"`
}

// picture is one picture of a reply; either B64JSON or URL is set.
type picture struct {
	B64JSON       string `json:"b64_json,omitempty"`
	URL           string `json:"url,omitempty"`
	RevisedPrompt string `json:"revised_prompt,omitempty"`
}

// imageUsage counts the tokens of a request for pictures.
type imageUsage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// imageEvent is an event of a streamed picture.
type imageEvent struct {
	Type              string      `json:"type"`
	B64JSON           string      `json:"b64_json"`
	PartialImageIndex *int        `json:"partial_image_index,omitempty"`
	Usage             *imageUsage `json:"usage,omitempty"`
}

// generateImages answers POST /v1/images/generations.
func generateImages(c *call) error { return c.answerImages("image_generation", true, 0) }

// editImages answers POST /v1/images/edits.
func editImages(c *call) error { return c.answerImages("image_edit", true, 1) }

// varyImages answers POST /v1/images/variations.
func varyImages(c *call) error { return c.answerImages("image_variation", false, 1) }

// answerImages answers with pictures that are functions of the prompt and the files. The
// types of the events of a stream begin with kind; the request must have minFiles pictures.
func (c *call) answerImages(kind string, needsPrompt bool, minFiles int) error {
	var prompt string
	_ = json.Unmarshal(c.req.Prompt, &prompt) // a value that is not a text counts as absent
	switch {
	case needsPrompt && prompt == "":
		return missingError("prompt")
	case len(c.req.files) < minFiles && len(c.req.Images) < minFiles:
		return missingError("image")
	case c.req.N < 0 || c.req.N > maxImages:
		return fmt.Errorf("n is %d; it must be from 1 to %d", c.req.N, maxImages)
	}
	usage := imageUsage{InputTokens: tokens(prompt), OutputTokens: max(c.req.N, 1)}
	usage.TotalTokens = usage.InputTokens + usage.OutputTokens
	if c.req.Stream {
		c.streamImage(kind, prompt, usage)
		return nil
	}
	reply := imageReply{Created: c.created, Usage: usage}
	for i := range max(c.req.N, 1) {
		data := base64.StdEncoding.EncodeToString(sample.PNG(fmt.Sprint(prompt, c.req.files, i)))
		p := picture{B64JSON: data, RevisedPrompt: c.echo(prompt)}
		if c.req.format() == "url" {
			p.B64JSON, p.URL = "", "data:image/png;base64,"+data
		}
		reply.Data = append(reply.Data, p)
	}
	c.writeReply(reply)
	return nil
}

// streamImage sends two unfinished pictures and then the finished one.
func (c *call) streamImage(kind, prompt string, usage imageUsage) {
	st := c.beginStream()
	for i := range 2 {
		st.send(kind+".partial_image", imageEvent{Type: kind + ".partial_image", PartialImageIndex: &i,
			B64JSON: base64.StdEncoding.EncodeToString(sample.PNG(fmt.Sprint(prompt, "partial", i)))})
	}
	if c.script.cut {
		panic(http.ErrAbortHandler)
	}
	st.send(kind+".completed", imageEvent{Type: kind + ".completed", Usage: &usage,
		B64JSON: base64.StdEncoding.EncodeToString(sample.PNG(prompt))})
}
