package upstream

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
)

// mediaType returns the Content-Type of a good reply that is neither JSON nor an event
// stream, such as sound or subtitles. It returns "" for a reply that is read like those of
// other routes.
func (x *Exchange) mediaType(res *http.Response) string {
	if !x.request.Dialect.IsMedia() {
		return ""
	}
	declared := res.Header.Get("Content-Type")
	kind, _, _ := mime.ParseMediaType(declared) // an invalid type is taken for JSON
	if kind == "" || kind == "text/event-stream" || strings.HasSuffix(kind, "json") {
		return ""
	}
	return declared
}

// receiveMedia reads a reply with the given Content-Type and size in bytes, -1 if unknown.
// It reads a text whole, and anything else up to its first bytes, since clients play sound
// while it arrives. A web page is a failure, and so is an empty reply.
func (x *Exchange) receiveMedia(a *reply.Answer, size int64, contentType string) *failure.Failure {
	a.ContentType = contentType
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	if strings.HasPrefix(kind, "text/") {
		return x.receiveText(a, strings.TrimSpace(kind) == "text/html")
	}
	a.IsPassed, a.Size = true, size
	x.body = x.body[:cap(x.body)]
	n, err := io.ReadAtLeast(a.Source, x.body, 1)
	a.Body = x.body[:n]
	switch {
	case errors.Is(err, io.EOF):
		return failure.InvalidReply(a.Deployment, nil, x.sender.Strict)
	case err != nil:
		return x.unreadableReply(a, err)
	}
	return nil
}

// receiveText reads a text. isPage says that it is declared to be a web page. A JSON
// object that is declared to be text is inspected like other JSON: it may be an error.
func (x *Exchange) receiveText(a *reply.Answer, isPage bool) *failure.Failure {
	f := x.readRest(a, -1, nil)
	switch {
	case f != nil:
		return f
	case isPage || len(x.body) == 0:
		return failure.InvalidReply(a.Deployment, x.body, x.sender.Strict)
	case x.body[0] == '{' && json.Valid(x.body):
		return x.inspectWhole(a)
	}
	a.Body = a.Deployment.RedactReply(x.body)
	return nil
}
