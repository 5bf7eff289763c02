package failure

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// Refusal returns the failure of an upstream's reply with an error status. It marks a
// missing route as such, and leaves it to the caller to note it at the deployment.
func Refusal(d *deployment.Deployment, in dialect.Dialect, status int, header http.Header, body []byte,
	now time.Time) *Failure {
	if d.IsRouteMissing(in, status, body) {
		return MissingRoute(d, in, status, body)
	}
	if cause := transport.RefusalCause(status, string(body)); cause != "" {
		return notFromAPI(d, in, cause, body)
	}
	f := Classify(d, in, status, string(body))
	f.readRetryHeaders(header, status, now)
	f.Harmless = f.Harmless || status == http.StatusNotFound && !d.MentionsModel(body)
	return f
}

// NonFinalStatus returns the failure of a redirection, or of a change of protocol that the router
// did not ask for. The body must not be read: it may be a connection that stays open.
func NonFinalStatus(d *deployment.Deployment, in dialect.Dialect, status int) *Failure {
	return Classify(d, in, http.StatusBadGateway,
		fmt.Sprintf("answered %d, not an API reply: api_base must be the final address", status))
}

// notFromAPI returns the failure of a refusal that does not come from the upstream's API.
func notFromAPI(d *deployment.Deployment, in dialect.Dialect, cause transport.Cause, body []byte) *Failure {
	f := Classify(d, in, http.StatusBadGateway, string(body))
	f.Cause, f.Retry, f.Sibling = cause, false, true
	f.Text += " " + cause.Advice()
	return f
}

// MissingRoute returns the failure of an upstream that lacks the route, which it said with
// that status. The client gets 400: Claude Code reports a 404 as a wrong model, and
// Codex sends the request again.
func MissingRoute(d *deployment.Deployment, in dialect.Dialect, status int, body []byte) *Failure {
	f := Classify(d, in, http.StatusBadRequest, Shorten(d.Redact(string(body))))
	f.Harmless, f.Sibling, f.RouteMissing, f.MissingRoute, f.UpstreamStatus = true, true, true, in, status
	f.Text += "\n\n" + d.MissingRouteMessage(in)
	return f
}

// ErrorInReply returns the failure of a reply whose status is a success, but whose body, or an
// event of it, is an error. Its status is the one that the error gives, else 500.
func ErrorInReply(d *deployment.Deployment, in dialect.Dialect, header http.Header, body []byte,
	now time.Time) *Failure {
	if deployment.DeniesRoute(body) {
		return MissingRoute(d, in, http.StatusOK, body)
	}
	inner, text := dialect.ErrorIn(body), string(body)
	status := dialect.ErrorStatus(body)
	if inner != nil {
		text = `{"error":` + string(inner) + `}`
	}
	if status == 0 {
		status = dialect.ErrorStatus(inner)
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	f := Classify(d, in, status, text)
	f.readRetryHeaders(header, status, now)
	return f
}

// readRetryHeaders sets when, and whether, the upstream may be asked again. Another
// deployment may be asked even when the upstream forbids a retry.
func (f *Failure) readRetryHeaders(header http.Header, status int, now time.Time) {
	f.RetryAfter, f.FromRateLimit = ReadRetryAfter(header, status, now)
	switch header.Get("X-Should-Retry") {
	case "true":
		f.Retry = true
	case "false":
		f.Sibling = f.Sibling || f.Retry
		f.Retry = false
	}
}

// Shorten cuts a text of a client or an upstream after 200 bytes, for messages.
func Shorten(s string) string {
	if len(s) <= 200 {
		return s
	}
	return strings.ToValidUTF8(s[:200], "") + "…"
}
