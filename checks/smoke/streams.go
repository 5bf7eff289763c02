package smoke

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
)

func (r Router) checkStream(ctx context.Context) checks.Outcome {
	return r.checkEvents(ctx, "/v1/chat/completions", r.prompt(true), "data: [DONE]")
}

func (r Router) checkResponseStream(ctx context.Context) checks.Outcome {
	return r.checkEvents(ctx, "/v1/responses", r.responsePrompt(true), `"type":"response.completed"`)
}

func (r Router) checkMessageStream(ctx context.Context) checks.Outcome {
	return r.checkEvents(ctx, "/v1/messages", r.prompt(true), `"type":"message_stop"`)
}

// checkEvents sends a request for a stream. The stream must hold at least two events, and
// the data of the last one before any [DONE] must contain end.
func (r Router) checkEvents(ctx context.Context, path string, body any, end string) checks.Outcome {
	a, err := r.send(ctx, http.MethodPost, path, r.Key, body)
	if err != nil {
		return checks.Failed("the stream broke: %v", err)
	}
	kind := a.header.Get("Content-Type")
	if a.status != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		return checks.Failed("%s was asked for a stream and answered %d %s: %s", path, a.status, kind, excerpt(a.body))
	}
	events, ended := 0, false
	for line := range bytes.Lines(a.body) {
		if !bytes.HasPrefix(line, []byte("data:")) {
			continue
		}
		spaceless := bytes.ReplaceAll(line, []byte(" "), nil)
		isEnd := bytes.Contains(spaceless, []byte(strings.ReplaceAll(end, " ", "")))
		// LiteLLM ends the streams of every dialect with [DONE].
		ended = isEnd || ended && bytes.HasPrefix(spaceless, []byte("data:[DONE]"))
		events++
	}
	if !ended {
		return checks.Failed("the stream of %s ended without %s after %d events", path, end, events)
	}
	if events < 2 {
		return checks.Failed("the stream of %s held no event before %s", path, end)
	}
	return checks.Passed(Answer{Status: a.status, Events: events})
}
