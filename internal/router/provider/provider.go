// Package provider holds what the router knows of LLM providers, by the prefix that LiteLLM
// gives them in litellm_params.model: their address, the environment variables of address
// and key, the header of the key, and the routes that they serve. The data are in
// providers.yaml: a new OpenAI-compatible provider is one entry there.
//
// Nothing is parsed when the program starts, and Find parses only one entry.
package provider

import (
	_ "embed"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// table is the text of providers.yaml.
//
//go:embed providers.yaml
var table string

// The values of Provider.Speaks: dialects and other routes that a provider may serve.
const (
	Chat        = "chat"           // /chat/completions
	Responses   = "responses"      // /responses
	Compact     = "compact"        // /responses/compact
	Messages    = "messages"       // /messages, Anthropic's
	Gemini      = "gemini"         // /models/M:generateContent, Google's
	Completions = "completions"    // /completions
	Embeddings  = "embeddings"     // /embeddings
	Images      = "images"         // /images/…
	Audio       = "audio"          // /audio/…
	Speech      = "speech"         // /audio/speech only
	Transcripts = "transcriptions" // /audio/transcriptions and /audio/translations only
	Rerank      = "rerank"         // /rerank
	Moderations = "moderations"    // /moderations
	Converse    = "converse"       // /model/MODEL/converse, Amazon Bedrock's
)

// Provider is an entry of the table. A prefix that LiteLLM knows and that this router does
// not serve has only Prefix and either Unsupported or SignIn.
type Provider struct {
	Prefix string `yaml:"-"`
	Base   string `yaml:"base"` // default address; empty: a deployment needs an api_base
	Path   string `yaml:"path"` // appended to an address that does not end with it
	// OwnPaths are ends of addresses that lead to routes of the provider's own, the longest
	// first. They give way to Path.
	OwnPaths []string `yaml:"own_paths"`

	BaseVariables []string `yaml:"base_variables"` // environment variables of the address, in order
	KeyVariables  []string `yaml:"key_variables"`  // environment variables of the key, in order
	// TokenVariables are the environment variables of a token, in order. The token is used
	// when there is no key, and goes into Authorization.
	TokenVariables []string `yaml:"token_variables"`
	KeyHeader      string   `yaml:"key_header"`   // header of the bare key; empty: Authorization with Bearer
	KeyOptional    bool     `yaml:"key_optional"` // it works without a key
	Speaks         []string `yaml:"speaks"`       // routes that it serves, of the constants above

	NameFolder string `yaml:"name_folder"` // what WholeName adds

	MessagesBase          string   `yaml:"messages_base"`           // address of /v1/messages, if it differs from Base
	MessagesBaseVariables []string `yaml:"messages_base_variables"` // environment variables of MessagesBase, in order

	MessagesKeyHeader string `yaml:"messages_key_header"` // header of the key for messages; empty: KeyHeader

	RerankURL string `yaml:"rerank_url"` // address of rerank requests, if it is not below Base

	// RerankPath is the path of rerank requests below the address as it is written, such as
	// /v2/rerank. An address that ends with a version's folder keeps that one.
	RerankPath string `yaml:"rerank_path"`

	Refuses []string `yaml:"refuses"` // members of requests that it answers with an error

	Rename  map[string]string `yaml:"rename"`  // the provider's names of members of chat and rerank requests
	Headers map[string]string `yaml:"headers"` // further headers; {api_key} stands for the key
	// HeaderVariables are the environment variables of further headers, by header; the first
	// that is set is used.
	HeaderVariables map[string][]string `yaml:"header_variables"`

	TakesEffort      bool `yaml:"takes_effort"`      // it takes reasoning_effort in chat requests
	ReturnsReasoning bool `yaml:"returns_reasoning"` // it demands reasoning_content of earlier replies back

	ReturnsThoughts bool `yaml:"returns_thoughts"` // it demands thought_signature of earlier calls back
	ReturnsDetails  bool `yaml:"returns_details"`  // it demands reasoning_details of earlier replies back

	// Cloud is aws or google for a provider at which keys of the cloud, or its tokens, prove who
	// sends requests, and the model is part of the path. Its address is that of a region.
	Cloud string `yaml:"cloud"`

	SignIn      string `yaml:"sign_in"`     // the provider of CLIProxyAPI's that serves it
	Unsupported bool   `yaml:"unsupported"` // LiteLLM serves it, the embedded router does not
}

// Find returns the entry of a prefix, such as "groq" for "groq/llama-3.3-70b". It returns
// false for a prefix that is not in the table; LiteLLM 1.106.2 does not know it either.
func Find(prefix string) (Provider, bool) {
	text, ok := entry(prefix)
	if !ok {
		return Provider{}, false
	}
	var p Provider
	if err := yaml.Unmarshal([]byte(text), &p); err != nil {
		return Provider{}, false // cannot happen: a test parses every entry
	}
	p.Prefix = prefix
	return p, true
}

// FindByHost returns the first entry whose default address has the host, such as
// api.groq.com. It returns false when there is none.
func FindByHost(host string) (Provider, bool) {
	prefix := ""
	for line := range strings.Lines(table) {
		if name, ok := strings.CutSuffix(line, ":\n"); ok && name[0] != ' ' && name[0] != '#' {
			prefix = name
		}
		if base, ok := strings.CutPrefix(line, "  base: "); ok {
			if u, err := url.Parse(strings.TrimSpace(base)); err == nil && strings.EqualFold(u.Host, host) {
				return Find(prefix)
			}
		}
	}
	return Provider{}, false
}

// Names returns all prefixes, sorted.
func Names() []string {
	var names []string
	for line := range strings.Lines(table) {
		if name, ok := strings.CutSuffix(line, ":\n"); ok && name[0] != ' ' && name[0] != '#' {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// entry returns the text of a prefix's entry, without the line of the prefix.
func entry(prefix string) (string, bool) {
	if prefix == "" || strings.ContainsAny(prefix, ":#\n ") {
		return "", false
	}
	_, rest, ok := strings.Cut(table, "\n"+prefix+":\n")
	if !ok {
		return "", false
	}
	end := 0
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, " ") {
			break
		}
		end += len(line)
	}
	return rest[:end], true
}

// Has reports whether the provider serves a route, which is one of the values of Speaks.
func (p Provider) Has(route string) bool { return slices.Contains(p.Speaks, route) }

// Address returns the provider's address: the value of the first of its variables that is
// set, with the name of the variable, else the default address, with no name. The address is
// empty when there is neither.
func (p Provider) Address(getenv func(string) string) (address, variable string) {
	if address, variable = FirstSet(p.BaseVariables, getenv); address != "" {
		return address, variable
	}
	return p.Base, ""
}

// Key returns the value and the name of the first variable of a key that is set. The key is
// meant for the provider's own address only; LiteLLM sends it to any address.
func (p Provider) Key(getenv func(string) string) (key, variable string) {
	return FirstSet(p.KeyVariables, getenv)
}

// Token returns the value and the name of the first variable of a token that is set. The
// token is meant for the provider's own address only.
func (p Provider) Token(getenv func(string) string) (token, variable string) {
	return FirstSet(p.TokenVariables, getenv)
}

// Complete returns an address with the provider's path at its end. For example, Ollama at
// http://localhost:11434 serves OpenAI's routes below /v1.
func (p Provider) Complete(u *url.URL) *url.URL {
	path := strings.TrimRight(u.Path, "/")
	if p.RerankPath != "" && p.Path != "" && !strings.HasSuffix(path, p.Path) && hasVersion(u) {
		u = u.JoinPath("..") // the version of rerank requests
		path = strings.TrimRight(u.Path, "/")
	}
	if p.Path == "" || strings.HasSuffix(path, p.Path) {
		return u
	}
	for _, own := range p.OwnPaths {
		if before, ok := strings.CutSuffix(path, own); ok {
			trimmed := *u
			trimmed.Path, trimmed.RawPath = before+"/", "" // JoinPath would make a relative path of an empty one
			return trimmed.JoinPath(p.Path)
		}
	}
	// The address may already end with the first part of the path: …/v1beta for /v1beta/openai.
	for i := len(p.Path); i > 0; i = strings.LastIndex(p.Path[:i], "/") {
		if strings.HasSuffix(path, p.Path[:i]) {
			return u.JoinPath(p.Path[i:])
		}
	}
	return u.JoinPath(p.Path)
}

// WholeName returns the name by which the provider knows a model: Fireworks wants the account
// before it, and LiteLLM adds that, too.
func (p Provider) WholeName(model string) string {
	if p.NameFolder == "" || model == "" || strings.HasPrefix(model, "accounts/") ||
		strings.HasPrefix(model, "FW-") || strings.Contains(model, "#") {
		return model
	}
	return p.NameFolder + model
}

// RankAddress returns the address of rerank requests at an address that is written in the
// configuration, without an endpoint: RerankURL, or RerankPath below u; nil when they go
// where all others go. isOwn says that u is the provider's own address.
func (p Provider) RankAddress(u *url.URL, isOwn bool) *url.URL {
	switch {
	case p.RerankPath != "" && hasVersion(u):
		return u.JoinPath("rerank")
	case p.RerankURL != "" && isOwn:
		address, err := url.Parse(p.RerankURL)
		if err != nil { // cannot happen: a test parses the address of every provider
			return nil
		}
		return address
	case p.RerankPath != "":
		return u.JoinPath(p.RerankPath)
	}
	return nil
}

// hasVersion reports whether an address ends with the folder of a version, /v1 or /v2.
func hasVersion(u *url.URL) bool {
	return strings.HasSuffix(u.Path, "/v1") || strings.HasSuffix(u.Path, "/v2")
}

// FirstSet returns the value of the first variable that is set, and its name.
func FirstSet(variables []string, getenv func(string) string) (value, variable string) {
	for _, v := range variables {
		if value = getenv(v); value != "" {
			return value, v
		}
	}
	return "", ""
}
