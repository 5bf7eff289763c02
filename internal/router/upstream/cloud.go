package upstream

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/aws"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/renewal"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// cloudsOfBeta returns which clouds know a value of the header Anthropic-Beta, Bedrock (B) and
// Vertex AI (V), according to LiteLLM 1.106.2 (anthropic_beta_headers_config.json). They refuse
// a request with another one, and Claude Code sends many.
func cloudsOfBeta(name string) string {
	switch name {
	case "compact-2026-01-12", "computer-use-2025-01-24", "computer-use-2025-11-24", "context-1m-2025-08-07",
		"context-management-2025-06-27", "dangerous-tool-use-2026-09-03", "thinking-binding-controls-2026-08-01",
		"thinking-display-updates-2026-08-18", "tool-search-tool-2025-10-19":
		return "BV"
	case "effort-2025-11-24", "fine-grained-tool-streaming-2025-05-14", "mid-conversation-output-config-2026-07-01",
		"mid-conversation-tool-changes-2026-07-01":
		return "B"
	case "interleaved-thinking-2025-05-14", "web-search-2025-03-05", "inline-tools-2026-09-15",
		"per-turn-control-2026-07-01":
		return "V"
	}
	return ""
}

// invokeMembers are the members of messages that Bedrock knows; it refuses a request with
// another one.
var invokeMembers = []string{"anthropic_version", "anthropic_beta", "max_tokens", "messages", "system",
	"stop_sequences", "temperature", "top_p", "top_k", "tools", "tool_choice", "thinking", "output_config",
	"context_management", "metadata"}

// wrapMessages makes of a request to /v1/messages what Bedrock and Vertex AI want: the model
// is in the path, and the version of the interface, at Bedrock also the betas, in the body.
func (x *Exchange) wrapMessages(d *deployment.Deployment) *failure.Failure {
	if d.MessagesVersion == "" || x.out != dialect.Messages {
		return nil
	}
	if f := x.rewrite(d); f != nil {
		return f
	}
	isSent := func(key []byte) bool { return string(key) != "model" }
	members := []dialect.Member{dialect.NewMember("anthropic_version", dialect.EncodeJSON(d.MessagesVersion))}
	if d.AWS != nil {
		isSent = func(key []byte) bool { return slices.Contains(invokeMembers, string(key)) }
		if known := x.knownBetas("B"); len(known) > 0 {
			members = append(members, dialect.NewMember("anthropic_beta", dialect.EncodeJSON(known)))
		}
	}
	body := splice.Without(x.rewritten, func(key []byte) bool { return !isSent(key) })
	x.rewritten = addDefaults(body, members)
	return x.hold(len(x.rewritten))
}

// knownBetas returns the client's values of Anthropic-Beta that a cloud knows.
func (x *Exchange) knownBetas(cloud string) (known []string) {
	for _, values := range x.request.HTTP.Header["Anthropic-Beta"] {
		for name := range strings.SplitSeq(values, ",") {
			if name = strings.TrimSpace(name); strings.Contains(cloudsOfBeta(name), cloud) && !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
	}
	return known
}

// cloudHeader returns the header of a request to Bedrock or Vertex AI: without what only
// Anthropic's own servers know, and with the proof of who sends it.
func (x *Exchange) cloudHeader(d *deployment.Deployment, header http.Header) http.Header {
	header = maps.Clone(header)
	delete(header, "Anthropic-Version")
	delete(header, "Anthropic-Beta")
	if d.Vertex != nil && x.out == dialect.Messages {
		if known := x.knownBetas("V"); len(known) > 0 {
			header["Anthropic-Beta"] = []string{strings.Join(known, ",")}
		}
	}
	maps.Copy(header, x.proof)
	return header
}

// authorize proves to a cloud who sends the request.
func (x *Exchange) authorize(at *attempt, d *deployment.Deployment) *failure.Failure {
	if x.proof = nil; d.Authorizer == nil {
		return nil
	}
	proof := http.Header{"Content-Type": {"application/json"}}
	u := d.URL(x.out, x.request.Stream, "")
	err := d.Authorizer.Authorize(&at.context, x.sender.Now(), u, x.rewritten, proof)
	if err == nil {
		x.proof = proof
		return nil
	}
	e := (*renewal.Error)(nil)
	if !errors.As(err, &e) {
		return failure.ConnectionFailure(x.request.HTTP.Context(), d, &at.guard, false, err)
	}
	status := http.StatusUnauthorized
	if e.IsTemporary {
		status = http.StatusServiceUnavailable
	}
	f := failure.Classify(d, x.request.Dialect, status, e.Error())
	f.Retry, f.Sibling = e.IsTemporary, true
	return f
}

// cloudRefusal returns the failure of an error of Bedrock's or Vertex AI's, with the cloud's
// own words and what to do. It is not retried where that is in vain. Credentials that are
// refused are had once more, where that may help.
func (x *Exchange) cloudRefusal(a *reply.Answer, res *http.Response, body []byte) *failure.Failure {
	d, now := a.Deployment, x.sender.Now()
	isVain, isIdentity := false, res.StatusCode == http.StatusUnauthorized
	if d.AWS != nil {
		r := aws.ReadRefusal(res.StatusCode, res.Header, body, now, d.AWS.Region)
		isVain, isIdentity = r.IsVain, r.IsIdentity
		body = dialect.EncodeJSON(map[string]any{"error": map[string]any{"message": r.Message}})
	} else if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusForbidden {
		isVain = true
		body = addAdvice(body, "Location "+d.Vertex.Location+" of project "+d.Vertex.Project+" may not have the model: "+
			"correct vertex_location, or enable the model in Vertex AI's Model Garden.")
	}
	if x.call != nil {
		body = x.call.Error(res.StatusCode, body)
	}
	f := failure.Refusal(d, x.request.Dialect, res.StatusCode, res.Header, body, now)
	if isVain {
		f.Retry, f.Sibling = false, true
	}
	if isIdentity && d.Authorizer != nil && d.Authorizer.Forget() && !x.hasRenewed { // the next attempt has other ones
		x.hasRenewed, f.Retry, f.Harmless = true, true, true
	}
	return f
}

// addAdvice adds to the message of one of Google's errors what to do.
func addAdvice(body []byte, advice string) []byte {
	var e struct {
		Error map[string]any `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error == nil {
		return body
	}
	if message, ok := e.Error["message"].(string); ok {
		e.Error["message"] = message + " " + advice
	}
	return dialect.EncodeJSON(e)
}
