package router

import (
	"net/http"
	"net/url"
	"strings"
)

// dialect is the interface that a route speaks; it decides the envelope of
// errors, the upstream path and what a stream looks like.
type dialect int

const (
	chat dialect = iota
	completions
	embeddings
	responses
	messages
	countTokens
	dialects // how many there are
)

// spec is what differs between dialects.
type spec struct {
	name     string   // as LiteLLM's error messages begin
	path     string   // below the deployment's base
	required []string // body members that a request must have besides model
	done     bool     // streams end with data: [DONE]
	inbound  string   // for messages to people
}

var specs = [dialects]spec{
	chat:        {"/chat/completions", "chat/completions", []string{"messages"}, true, "/v1/chat/completions"},
	completions: {"/completions", "completions", nil, true, "/v1/completions"},
	embeddings:  {"/embeddings", "embeddings", []string{"input"}, false, "/v1/embeddings"},
	responses:   {"/responses", "responses", []string{"input"}, false, "/v1/responses"},
	messages:    {"anthropic_messages", "messages", []string{"messages", "max_tokens"}, false, "/v1/messages"},
	countTokens: {"anthropic_count_tokens", "messages/count_tokens", []string{"messages"}, false, "/v1/messages/count_tokens"},
}

// anthropic says whether the dialect is Anthropic's.
func (d dialect) anthropic() bool { return d >= messages }

// speaks says whether an upstream of kind k can have the dialect at all.
func (k Kind) speaks(d dialect) bool { return k == OpenAI || d.anthropic() }

// posts are the routes that carry a body, with and without the version folder as LiteLLM has them.
var posts = map[string]dialect{
	"/v1/chat/completions": chat, "/chat/completions": chat,
	"/v1/completions": completions, "/completions": completions,
	"/v1/embeddings": embeddings, "/embeddings": embeddings,
	"/v1/responses": responses, "/responses": responses,
	"/v1/messages": messages, "/v1/messages/count_tokens": countTokens,
}

// gets are the routes that are answered from memory.
var gets = map[string]func(*Router, http.ResponseWriter, *http.Request){
	"/": (*Router).index, "/v1/models": (*Router).models, "/models": (*Router).models,
	"/health/liveliness": (*Router).alive, "/health/liveness": (*Router).alive, "/health/readiness": (*Router).ready,
	StatePath: (*Router).deployments,
}

// open are the routes that need no key.
func open(path string) bool {
	return path == "/" || strings.HasPrefix(path, "/health/") && path != StatePath
}

// engine reads the model and the dialect out of /engines/X/chat/completions
// and its like, which old OpenAI and Azure clients use.
func engine(path string) (model string, d dialect, ok bool) {
	for _, prefix := range []string{"/engines/", "/openai/deployments/"} {
		rest, found := strings.CutPrefix(path, prefix)
		if !found {
			continue
		}
		for _, d := range []dialect{chat, completions, embeddings} {
			if model, found := strings.CutSuffix(rest, specs[d].name); found && model != "" {
				return model, d, true
			}
		}
	}
	return "", 0, false
}

// wire is what every request to a deployment has in common, made once.
type wire struct {
	urls           [dialects]*url.URL
	header         http.Header // shared by all requests: never written to
	headerMessages http.Header // the same for Anthropic's routes
	literal        []byte      // Upstream as a JSON string
	id             []string    // header values
	group          []string
	model          []string
}

const anthropicVersion = "2023-06-01" // sent when the client names none, as LiteLLM does

func (d *Deployment) prepare() {
	d.hideKey()
	d.wire = wire{id: []string{d.ID}, group: []string{d.Group}, model: []string{d.Model}, literal: quote(d.Upstream)}
	d.wire.header = http.Header{
		"Content-Type":    {"application/json"},
		"Accept":          {"*/*"},
		"Accept-Encoding": {"identity"},
		"User-Agent":      {"flowgate"},
	}
	switch {
	case d.key == "":
	case d.Kind == Anthropic:
		d.wire.header["X-Api-Key"] = []string{d.key}
	default:
		d.wire.header["Authorization"] = []string{"Bearer " + d.key}
	}
	d.wire.headerMessages = d.wire.header.Clone()
	d.wire.headerMessages["Anthropic-Version"] = []string{anthropicVersion}
	if d.base == nil {
		return
	}
	for i, s := range specs {
		d.wire.urls[i] = d.base.JoinPath(s.path)
	}
}
