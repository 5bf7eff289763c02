package failure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/decode"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/transport"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// MaxErrorText is how many bytes of an upstream's error body are read.
const MaxErrorText = 64 << 10

// ConnectionFailure returns the failure of an attempt that got no reply or, when isBegun is set,
// only a part of one. client is the client's context, g the guard of the attempt, err the
// error of the connection.
func ConnectionFailure(client context.Context, d *deployment.Deployment, g *watchdog.Guard, isBegun bool,
	err error) *Failure {
	f := &Failure{Status: http.StatusInternalServerError, Class: "InternalServerError",
		Kind: "internal_server_error", Retry: true, Deployment: d,
		Cause: transport.CauseOf(err), Err: err}
	f.Text = "litellm.InternalServerError: InternalServerError: " + d.ExceptionName() + " - Connection error. " +
		f.Cause.Advice()
	switch f.Cause {
	case transport.CauseCertificate:
		f.Retry, f.Sibling = false, true // it will not verify the next time either
	case transport.CauseNotOurs:
		f.Status, f.Class, f.Retry, f.Sibling = http.StatusBadGateway, "BadGatewayError", false, true
		f.Text = "litellm.BadGatewayError: " + d.ExceptionName() + " - " + f.Cause.Advice()
	}
	switch {
	case client.Err() != nil:
		f.ClientGone, f.Retry, f.Harmless = true, false, true
	case g.IsLate():
		f.Cause = transport.CauseTimeout
		f.Status, f.Class, f.Kind = http.StatusRequestTimeout, "Timeout", "invalid_request_error"
		f.Text = fmt.Sprintf("litellm.Timeout: APITimeoutError - Request timed out. Error_str: Request timed out. "+
			"- timeout value=%s, time taken=%.2f seconds",
			pythonFloat(g.ExceededLimit().Seconds()), g.Elapsed().Seconds())
	case isBegun:
		f.Class, f.Kind = "APIConnectionError", ""
		f.Text = connectionErrorPrefix(d) + "Response payload is not completed. " + f.Cause.Advice()
	}
	return f
}

// connectionErrorPrefix returns the beginning of LiteLLM's messages about broken replies.
func connectionErrorPrefix(d *deployment.Deployment) string {
	return "litellm.APIConnectionError: APIConnectionError: " + d.ExceptionName() + " - "
}

// pythonFloat formats a number as Python does: 1.0, 0.5.
func pythonFloat(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	return lo.Ternary(strings.Contains(s, "."), s, s+".0")
}

// UnreadableReply returns the failure of a reply whose body could not be read: err says that the
// connection broke, or that the bytes could not be decoded.
func UnreadableReply(client context.Context, d *deployment.Deployment, g *watchdog.Guard, err error) *Failure {
	var broken *decode.Error
	if !errors.As(err, &broken) {
		return ConnectionFailure(client, d, g, true, err)
	}
	return &Failure{Status: http.StatusBadGateway, Class: "BadGatewayError", Kind: "internal_server_error",
		Retry: true, Deployment: d, Err: err,
		Text: fmt.Sprintf("litellm.BadGatewayError: BadGatewayError: %s - The reply's Content-Encoding does not "+
			"fit its bytes: %v",
			d.ExceptionName(), broken)}
}

// InvalidReply returns the failure of a reply whose status is a success, but whose body is
// an HTML page, half a JSON document, or empty. Its status is 502 or, with strict, 500 as
// in LiteLLM.
func InvalidReply(d *deployment.Deployment, body []byte, strict bool) *Failure {
	status, class := http.StatusBadGateway, "BadGatewayError"
	if strict {
		status, class = http.StatusInternalServerError, "InternalServerError"
	}
	shown := d.Redact(string(body[:min(len(body), MaxErrorText)]))
	shown = strings.ToValidUTF8(shown[:min(len(shown), 200)], "?")
	return &Failure{Status: status, Class: class, Kind: "internal_server_error", Retry: true, Deployment: d,
		Text: fmt.Sprintf("litellm.%s: %s: %s - Empty or invalid response from LLM endpoint. Received: '%s'. "+
			"Check the reverse proxy or model server configuration.",
			class, class, d.ExceptionName(), shown)}
}

// TruncatedStream returns the failure of a stream that ended before its last event without an error.
func TruncatedStream(d *deployment.Deployment) *Failure {
	return &Failure{Status: http.StatusInternalServerError, Class: "APIConnectionError", Retry: true, Deployment: d,
		Text: connectionErrorPrefix(d) + "The stream ended before its last event"}
}

// StreamTimeout returns the failure of a stream whose upstream sent nothing for too long.
func StreamTimeout(client context.Context, d *deployment.Deployment, g *watchdog.Guard, err error) *Failure {
	f := ConnectionFailure(client, d, g, true, err)
	f.Status, f.Kind = http.StatusInternalServerError, ""
	f.Text = connectionErrorPrefix(d) + "Timeout on reading data from socket"
	return f
}

// UnstreamableReply returns the failure of a whole reply that cannot be turned into a stream,
// although keep-alives have begun the client's stream already.
func UnstreamableReply(d *deployment.Deployment) *Failure {
	return &Failure{Status: http.StatusBadGateway, Class: "BadGatewayError", Kind: "internal_server_error",
		Deployment: d,
		Text: "litellm.BadGatewayError: BadGatewayError: " + d.ExceptionName() +
			" - The upstream was asked for a stream and answered in one piece of a kind that is not known: " +
			"ask without a stream, or set keepalive_seconds: 0 for this deployment"}
}
