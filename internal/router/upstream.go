package router

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/samber/lo"
)

// maxErrorText is how much of an upstream's error body is read, in bytes.
const maxErrorText = 64 << 10

// upstreamError is the part of an upstream's error body that both dialects share.
type upstreamError struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    any    `json:"code"`
}

// parseError reads {"error":{…}}; the zero value when the body is something else.
func parseError(body []byte) upstreamError {
	var e struct {
		Error json.RawMessage `json:"error"`
	}
	var out upstreamError
	if json.Unmarshal(body, &e) == nil && json.Unmarshal(e.Error, &out) != nil {
		_ = json.Unmarshal(e.Error, &out.Message) // {"error":"text"}; anything else stays empty
	}
	return out
}

// refused is the failure for an upstream's answer that is not a success.
func (c *call) refused(d *Deployment, res *http.Response, source io.Reader) *failure {
	if res.StatusCode < 400 {
		return c.notFinal(d, res.StatusCode)
	}
	body := errorBody(source)
	status := res.StatusCode
	if isRouteMissing(status, body, d) {
		return c.routeMissing(d, status, body)
	}
	if reason := refusalCause(status, string(body)); reason != "" {
		return c.notReached(d, reason, body)
	}
	f := c.classify(d, status, string(body))
	f.retryAfter, f.window = readWait(res.Header, status, c.r.opts.Now())
	obeyShouldRetry(f, res.Header.Get("X-Should-Retry"))
	f.harmless = f.harmless || status == http.StatusNotFound && !namesModel(body, d)
	return f
}

// notFinal is the failure for a redirection, or a change of protocol that was
// not asked for. Its body is not read: it may be a connection that stays open.
func (c *call) notFinal(d *Deployment, status int) *failure {
	return c.classify(d, http.StatusBadGateway, fmt.Sprintf("answered %d, not an API reply: api_base must be the final address", status))
}

// notReached is the failure for a refusal that the upstream's API did not write.
func (c *call) notReached(d *Deployment, reason cause, body []byte) *failure {
	f := c.classify(d, http.StatusBadGateway, string(body))
	f.cause, f.retry, f.sibling = reason, false, true
	f.text += " " + reason.advice()
	return f
}

// errorBody reads an error's body up to maxErrorText. Of an event stream it
// returns the first data, of a list, as Google sends it, the first element.
func errorBody(source io.Reader) []byte {
	body, _ := io.ReadAll(io.LimitReader(source, maxErrorText)) // what came before an error must do
	for range maxCodings {
		name := compressedAs(body)
		if name == "" {
			break
		}
		rest := decodeRest(body, io.NopCloser(bytes.NewReader(nil)), name)
		body, _ = io.ReadAll(io.LimitReader(rest, maxErrorText))
	}
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	if recognizeReply(body, false) == formStream {
		for line := range bytes.Lines(body) {
			if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
				return bytes.TrimSpace(data)
			}
		}
	}
	return firstElement(body)
}

// obeyShouldRetry follows the header by which an upstream says whether the
// request should be sent to it again. Another deployment may still be asked.
func obeyShouldRetry(f *failure, value string) {
	switch value {
	case "true":
		f.retry = true
	case "false":
		f.sibling = f.sibling || f.retry
		f.retry = false
	}
}

// unreachable is the failure when no answer, or only a part of one, came.
func (c *call) unreachable(d *Deployment, g *guard, begun bool, err error) *failure {
	f := &failure{status: http.StatusInternalServerError, class: "InternalServerError", kind: "internal_server_error", retry: true, deployment: d,
		cause: causeOf(err), err: err}
	f.text = "litellm.InternalServerError: InternalServerError: " + exception(d) + " - Connection error. " + f.cause.advice()
	if f.cause == causeCertificate {
		f.retry, f.sibling = false, true // it does not verify the next time either
	}
	if f.cause == causeNotOurs {
		f.status, f.class, f.retry, f.sibling = http.StatusBadGateway, "BadGatewayError", false, true
		f.text = "litellm.BadGatewayError: " + exception(d) + " - " + f.cause.advice()
	}
	switch {
	case c.req.Context().Err() != nil:
		f.gone, f.retry, f.harmless = true, false, true
	case g.late.Load():
		f.cause = causeTimeout
		f.status, f.class, f.kind = http.StatusRequestTimeout, "Timeout", "invalid_request_error"
		f.text = fmt.Sprintf("litellm.Timeout: APITimeoutError - Request timed out. Error_str: Request timed out. - timeout value=%s, time taken=%.2f seconds",
			pythonFloat(g.exceeded().Seconds()), g.elapsed().Seconds())
	case begun:
		f.class, f.kind = "APIConnectionError", ""
		f.text = "litellm.APIConnectionError: APIConnectionError: " + exception(d) + " - Response payload is not completed. " + f.cause.advice()
	}
	return f
}

// pythonFloat writes a number as Python's str does: 1.0, 0.5.
func pythonFloat(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	return lo.Ternary(strings.Contains(s, "."), s, s+".0")
}

// invalid is the failure for a success whose body is no reply: an HTML page, half a JSON document, nothing.
func (c *call) invalid(d *Deployment, body []byte) *failure {
	status, class := http.StatusBadGateway, "BadGatewayError"
	if c.r.opts.StrictParity {
		status, class = http.StatusInternalServerError, "InternalServerError"
	}
	shown := d.redact(string(body[:min(len(body), maxErrorText)]))
	shown = strings.ToValidUTF8(shown[:min(len(shown), 200)], "?")
	return &failure{status: status, class: class, kind: "internal_server_error", retry: true, deployment: d,
		text: fmt.Sprintf("litellm.%s: %s: %s - Empty or invalid response from LLM endpoint. Received: '%s'. Check the reverse proxy or model server configuration.",
			class, class, exception(d), shown)}
}
