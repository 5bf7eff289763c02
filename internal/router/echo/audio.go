package echo

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/flowgate-go/flowgate/internal/router/echo/sample"
)

// answerSpeech answers POST /v1/audio/speech with a WAV file, whatever format the client asks for.
func answerSpeech(c *call) error {
	var input string
	if json.Unmarshal(c.req.Input, &input) != nil || input == "" {
		return missingError("input")
	}
	sound := sample.WAV(input)
	c.w.Header().Set("Content-Type", "audio/wav")
	ctrl := http.NewResponseController(c.w)
	for i, piece := range [][]byte{sound[:len(sound)/2], sound[len(sound)/2:]} {
		if i > 0 && (c.script.cut || !wait(c.r.Context(), c.script.ttfb)) {
			panic(http.ErrAbortHandler)
		}
		if _, err := c.w.Write(piece); err != nil {
			return nil // the client has left
		}
		_ = ctrl.Flush() // an error means that the client has left
	}
	return nil
}

// transcript is a reply with the words of a recording.
type transcript struct {
	Text     string           `json:"text"`
	Task     string           `json:"task,omitempty"`
	Language string           `json:"language,omitempty"`
	Duration float64          `json:"duration,omitempty"`
	Segments []segment        `json:"segments,omitempty"`
	Usage    *transcriptUsage `json:"usage,omitempty"`
}

// segment is a part of a transcript.
type segment struct {
	ID    int     `json:"id"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	Text  string  `json:"text"`
}

// transcriptUsage counts the tokens of a transcript.
type transcriptUsage struct {
	Type         string `json:"type"` // "tokens"
	InputTokens  int    `json:"input_tokens"`
	OutputTokens int    `json:"output_tokens"`
	TotalTokens  int    `json:"total_tokens"`
}

// transcriptEvent is an event of a streamed transcript.
type transcriptEvent struct {
	Type  string           `json:"type"`
	Delta string           `json:"delta,omitempty"`
	Text  string           `json:"text,omitempty"`
	Usage *transcriptUsage `json:"usage,omitempty"`
}

// transcribeSpeech answers POST /v1/audio/transcriptions.
func transcribeSpeech(c *call) error { return c.answerTranscript("transcribe") }

// translateSpeech answers POST /v1/audio/translations.
func translateSpeech(c *call) error { return c.answerTranscript("translate") }

// answerTranscript answers with the name and the size of the file, in the format that
// the client asks for.
func (c *call) answerTranscript(task string) error {
	if len(c.req.files) != 1 {
		return missingError("file")
	}
	f := c.req.files[0]
	text := c.echo(fmt.Sprintf("%s of %d bytes", clip(f.name, maxEcho), f.size))
	usage := &transcriptUsage{Type: "tokens", InputTokens: f.size / 100, OutputTokens: tokens(text)}
	usage.TotalTokens = usage.InputTokens + usage.OutputTokens
	if c.req.Stream {
		st := c.beginStream()
		sendPiece := func(piece string) {
			st.send("", transcriptEvent{Type: "transcript.text.delta", Delta: piece})
		}
		sendError := func(message string) { st.send("error", openAI.errorBody(http.StatusInternalServerError, message)) }
		if st.sendDeltas(text, sendPiece, sendError) {
			st.send("", transcriptEvent{Type: "transcript.text.done", Text: text, Usage: usage})
		}
		return nil
	}
	switch c.req.format() {
	case "text":
		writeBytes(c.w, http.StatusOK, "text/plain; charset=utf-8", []byte(text+"\n"))
	case "srt":
		writeBytes(c.w, http.StatusOK, "text/plain; charset=utf-8", []byte("1\n00:00:00,000 --> 00:00:01,000\n"+text+"\n\n"))
	case "vtt":
		writeBytes(c.w, http.StatusOK, "text/plain; charset=utf-8",
			[]byte("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n"+text+"\n\n"))
	case "verbose_json":
		c.writeReply(transcript{Text: text, Task: task, Language: "english", Duration: 1,
			Segments: []segment{{End: 1, Text: text}}})
	default:
		c.writeReply(transcript{Text: text, Usage: usage})
	}
	return nil
}
