// Package deployment prepares what all requests to a deployment have in common: addresses
// and headers, the dialects that the upstream has, and the removal of its key from
// replies. New makes a Deployment from its settings.
//
// It never sends anything itself. It has more than 700 lines because what all requests to
// a deployment have in common is one type: addresses, headers, defaults, redaction.
package deployment

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

// Deployment is a deployment with everything that its requests have in common.
type Deployment struct {
	*settings.Deployment
	*Memory

	ModelLiteral []byte   // the upstream's name of the model, as a JSON string literal
	IDHeader     []string // header values; they must not be changed
	GroupHeader  []string
	ModelHeader  []string
	Owner        affinity.Owner // this deployment as the owner of sessions and state

	// Authorizer proves who sends requests to Bedrock or Vertex AI; nil where a key does.
	Authorizer      Authorizer
	MessagesVersion string // anthropic_version, which bodies of messages have there; empty elsewhere

	// Defaults are the members that are added to requests whose clients did not send
	// them, by the dialect in which the request is sent. BeforeMessages are those that
	// a translation into messages needs and are added before it, by the client's dialect.
	Defaults, BeforeMessages [dialect.Count][]dialect.Member

	// Generation are the members that are added to generationConfig in Google's dialect.
	Generation []dialect.Member

	unsent          *[dialect.Count][dialect.Count][]string // by the client's dialect and the upstream's; nil: none
	urls            [dialect.Count]*url.URL
	streams         [dialect.Count]*url.URL // addresses of streams, where they differ
	header          http.Header             // shared by all requests: never changed
	anthropicHeader http.Header             // the same for Anthropic's dialects
	googleHeader    http.Header             // the same for Google's dialects
	redactor        *strings.Replacer       // takes the key out of texts; nil without a key
	randomKey       []byte                  // the key, when it is so random that no text contains it by chance
}

// Memory is what a router learns of a deployment from its replies. The deployment has one in
// every group that it is in.
type Memory struct {
	Cooldown cooldown.State
	Usage    usage.State // kept up to date where the routing strategy needs it

	missing    missingRoutes
	isFlowGate atomic.Bool
}

// InGroup returns the deployment as a member of another group, with the same memory. order
// replaces its own one unless it is 0.
func (d *Deployment) InGroup(group string, order float64) *Deployment {
	own, moved := *d.Deployment, *d
	own.Group = group
	if order != 0 {
		own.Order = order
	}
	moved.Deployment, moved.GroupHeader = &own, []string{group}
	return &moved
}

// anthropicVersion is the version of Anthropic's API that is asked for when the client
// names none, as in LiteLLM.
const anthropicVersion = "2023-06-01"

// New makes a deployment from its settings.
func New(s *settings.Deployment) *Deployment {
	d := &Deployment{
		Deployment: s, Memory: &Memory{}, ModelLiteral: dialect.EncodeJSON(s.Upstream),
		IDHeader: []string{s.ID}, GroupHeader: []string{s.Group}, ModelHeader: []string{s.Model},
	}
	d.Cooldown.Deployment = s
	d.Owner = affinity.Owner{Deployment: s.ID, Account: account(s)}
	d.prepareRedaction()
	d.prepareDefaults()
	d.prepareUnsent()
	d.prepareHeaders()
	if s.Base == nil {
		return d
	}
	for in := range dialect.Count {
		d.urls[in] = endpoint(s, in)
	}
	if d.prepareCloud(); d.streams[dialect.Gemini] == nil {
		d.streams[dialect.Gemini] = googleEndpoint(s, "streamGenerateContent")
		d.streams[dialect.Gemini].RawQuery = "alt=sse"
	}
	return d
}

// prepareHeaders makes the headers of requests in OpenAI's, Anthropic's and Google's dialects.
func (d *Deployment) prepareHeaders() {
	s := d.Deployment
	d.header = http.Header{
		"Content-Type":    {"application/json"},
		"Accept":          {"*/*"},
		"Accept-Encoding": {"identity"},
		"User-Agent":      {"flowgate"},
	}
	switch {
	case s.Key == "":
	case s.KeyHeader != "":
		d.header.Set(s.KeyHeader, s.Key)
	default:
		d.header["Authorization"] = []string{"Bearer " + s.Key}
	}
	for name, value := range s.Headers {
		d.header.Set(name, value)
	}
	d.anthropicHeader = d.header.Clone()
	d.anthropicHeader["Anthropic-Version"] = []string{anthropicVersion}
	if s.MessagesKeyHeader != "" && s.Key != "" {
		d.anthropicHeader.Del("Authorization")
		d.anthropicHeader.Set(s.MessagesKeyHeader, s.Key)
	}
	d.googleHeader = googleHeader(d.header, s)
}

// account returns a digest of the upstream's address, the key and the organization.
// Deployments with the same one can read each other's state.
func account(s *settings.Deployment) string {
	base := ""
	if s.Base != nil {
		base = s.Base.String()
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{base, s.Key, s.Headers["Openai-Organization"]}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// endpoint returns the address of a deployment's requests in a dialect. Azure's addresses
// are the ones that LiteLLM 1.106.2 uses.
func endpoint(s *settings.Deployment, in dialect.Dialect) *url.URL {
	switch {
	case s.AWS != nil:
		return bedrockEndpoint(s, in, false)
	case s.Vertex != nil:
		return vertexEndpoint(s, in, false)
	case in == dialect.Gemini:
		return googleEndpoint(s, "generateContent")
	case in == dialect.GeminiCount:
		return googleEndpoint(s, "countTokens")
	case s.MessagesBase != nil && in.IsAnthropic():
		return s.MessagesBase.JoinPath(in.Path())
	case s.RankURL != nil && in == dialect.Rerank:
		return s.RankURL
	case s.APIVersion == "":
		return s.Base.JoinPath(in.Path())
	case in == dialect.Responses || in == dialect.Compact:
		u := s.Base.JoinPath("openai/v1", in.Path())
		u.RawQuery = "api-version=preview"
		return u
	}
	u := s.Base.JoinPath("openai/deployments", s.Upstream, in.Path())
	u.RawQuery = url.Values{"api-version": {s.APIVersion}}.Encode()
	return u
}

// URL returns the address of requests in a dialect. isStream says whether a stream is
// asked for; query is the part of the client's query string that is forwarded. The URL
// must not be changed.
func (d *Deployment) URL(in dialect.Dialect, isStream bool, query string) *url.URL {
	u := d.urls[in]
	if isStream && d.streams[in] != nil {
		u = d.streams[in]
	}
	if query == "" {
		return u
	}
	copied := *u
	copied.RawQuery = strings.Trim(u.RawQuery+"&"+query, "&")
	return &copied
}

// ExceptionName returns the name that the upstream's errors have in LiteLLM's messages.
func (d *Deployment) ExceptionName() string {
	switch {
	case d.AWS != nil:
		return "BedrockException"
	case d.Vertex != nil:
		return "VertexAIException"
	case d.Kind == settings.Anthropic:
		return "AnthropicException"
	}
	return "OpenAIException"
}
