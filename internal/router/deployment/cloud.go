package deployment

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/aws"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/vertex"
)

// Authorizer proves to a cloud who sends a request: aws.Signer, vertex.Tokens.
type Authorizer interface {
	// Authorize adds to header what proves who sends a request to u with that body. Its error
	// is a *renewal.Error or that of ctx.
	Authorize(ctx context.Context, now time.Time, u *url.URL, body []byte, header http.Header) error
	// Forget drops what the cloud refused, and reports whether something else may be had.
	Forget() bool
}

// Versions of Anthropic's interface that the clouds want in the body of a request.
const (
	bedrockVersion = "bedrock-2023-05-31"
	vertexVersion  = "vertex-2023-10-16"
)

// prepareCloud prepares the addresses of streams at Bedrock and Vertex AI, and what proves
// who sends requests there.
func (d *Deployment) prepareCloud() {
	s := d.Deployment
	switch {
	case s.AWS != nil:
		for _, in := range [...]dialect.Dialect{dialect.Messages, dialect.Converse} {
			d.streams[in] = bedrockEndpoint(s, in, true)
		}
		d.MessagesVersion = bedrockVersion
		if s.Key == "" { // else it is sent as a bearer token
			d.Authorizer = aws.New(*s.AWS)
		}
	case s.Vertex != nil:
		for _, in := range [...]dialect.Dialect{dialect.Messages, dialect.Gemini} {
			d.streams[in] = vertexEndpoint(s, in, true)
		}
		d.MessagesVersion = vertexVersion
		if s.Key == "" {
			d.Authorizer = vertex.New(*s.Vertex)
		}
	}
}

// IsCloud reports whether the upstream is Bedrock or Vertex AI.
func (d *Deployment) IsCloud() bool { return d.AWS != nil || d.Vertex != nil }

// bedrockEndpoint returns the address of a model's requests at Bedrock. LiteLLM escapes the
// model's name wholly for Converse, and leaves colons for the others.
func bedrockEndpoint(s *settings.Deployment, in dialect.Dialect, isStream bool) *url.URL {
	id, method := url.PathEscape(s.Upstream), "invoke"
	if isStream {
		method = "invoke-with-response-stream"
	}
	if in == dialect.Converse {
		if id, method = url.QueryEscape(s.Upstream), "converse"; isStream {
			method = "converse-stream"
		}
	}
	u := *s.Base
	base := strings.TrimRight(u.EscapedPath(), "/")
	u.Path = strings.TrimRight(u.Path, "/") + "/model/" + s.Upstream + "/" + method
	u.RawPath = base + "/model/" + id + "/" + method
	return &u
}

// vertexEndpoint returns the address of a model's requests at Vertex AI: Claude's own
// interface, Google's own, or the one that is compatible with OpenAI's.
func vertexEndpoint(s *settings.Deployment, in dialect.Dialect, isStream bool) *url.URL {
	model := url.PathEscape(strings.TrimPrefix(s.Upstream, "google/"))
	switch {
	case in == dialect.Messages && isStream:
		return s.Base.JoinPath("publishers/anthropic/models", model+":streamRawPredict")
	case in == dialect.Messages:
		return s.Base.JoinPath("publishers/anthropic/models", model+":rawPredict")
	case in == dialect.Gemini && isStream:
		u := s.Base.JoinPath("publishers/google/models", model+":streamGenerateContent")
		u.RawQuery = "alt=sse"
		return u
	case in == dialect.Gemini:
		return s.Base.JoinPath("publishers/google/models", model+":generateContent")
	case in == dialect.GeminiCount:
		return s.Base.JoinPath("publishers/google/models", model+":countTokens")
	}
	return s.Base.JoinPath("endpoints/openapi", in.Path())
}
