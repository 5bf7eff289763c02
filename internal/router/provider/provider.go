// Package provider holds what is known of LLM providers by the prefix that
// LiteLLM gives them in litellm_params.model: their address, the environment
// variables of address and key, the header of the key, and the routes that they
// serve themselves. It is data, in providers.yaml: a new OpenAI-compatible
// provider is one entry there.
//
// Nothing is parsed when the program starts, and Find parses one entry only.
package provider

import (
	_ "embed"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed providers.yaml
var table string

// Dialects and other routes that a provider may serve; the values of Speaks.
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
	Speech      = "speech"         // /audio/speech alone
	Transcripts = "transcriptions" // /audio/transcriptions and /audio/translations alone
	Rerank      = "rerank"         // /rerank
	Moderations = "moderations"    // /moderations
)

// Provider is an entry of the table. A prefix that LiteLLM knows and this router
// does not serve has Unsupported or SignIn and nothing else.
type Provider struct {
	Prefix        string   `yaml:"-"`
	Base          string   `yaml:"base"`           // default address; empty: an entry needs an api_base
	Path          string   `yaml:"path"`           // appended to an address that does not end so
	BaseVariables []string `yaml:"base_variables"` // environment variables of the address, in order
	KeyVariables  []string `yaml:"key_variables"`  // environment variables of the key, in order
	// TokenVariables are the variables of a token, in order, for where there is no key. It
	// goes into Authorization.
	TokenVariables []string `yaml:"token_variables"`
	KeyHeader      string   `yaml:"key_header"`   // header of the bare key; empty: Authorization with Bearer
	KeyOptional    bool     `yaml:"key_optional"` // it answers without a key
	Speaks         []string `yaml:"speaks"`       // routes that it serves itself

	MessagesBase          string   `yaml:"messages_base"`           // address of /v1/messages where it is another one
	MessagesBaseVariables []string `yaml:"messages_base_variables"` // environment variables of it, in order

	MessagesKeyHeader string `yaml:"messages_key_header"` // header of the key for messages; empty: KeyHeader

	RerankURL string `yaml:"rerank_url"` // address of rankings where it is not below the base

	Rename  map[string]string `yaml:"rename"`  // members of a chat or rerank request with another name there
	Headers map[string]string `yaml:"headers"` // further headers; {api_key} stands for the key
	// HeaderVariables are the variables of further headers, the first that is set counts.
	HeaderVariables map[string][]string `yaml:"header_variables"`

	TakesEffort      bool `yaml:"takes_effort"`      // it takes reasoning_effort in chat requests
	ReturnsReasoning bool `yaml:"returns_reasoning"` // it demands reasoning_content of earlier replies back

	ReturnsThoughts bool `yaml:"returns_thoughts"` // it demands thought_signature of earlier calls back
	ReturnsDetails  bool `yaml:"returns_details"`  // it demands reasoning_details of earlier replies back

	SignIn      string `yaml:"sign_in"`     // the CLIProxyAPI provider that reaches it
	Unsupported bool   `yaml:"unsupported"` // LiteLLM has it, the embedded router has not
}

// Find returns the entry of a prefix: "groq" of "groq/llama-3.3-70b". It reports
// false for a prefix that LiteLLM 1.106.2 does not know either.
func Find(prefix string) (Provider, bool) {
	text, ok := entry(prefix)
	if !ok {
		return Provider{}, false
	}
	var p Provider
	if err := yaml.Unmarshal([]byte(text), &p); err != nil {
		return Provider{}, false // a test reads every entry
	}
	p.Prefix = prefix
	return p, true
}

// FindByHost returns the entry whose default address has a host, such as api.groq.com. It
// reports false when there is none. Of several with the same host it is the first.
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

// entry returns the lines below a prefix.
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

// Has reports whether the provider serves a route itself.
func (p Provider) Has(route string) bool { return slices.Contains(p.Speaks, route) }

// Address returns where the provider is: what the first variable that is set
// says, else its default. Variable is empty for the default. It returns "" when
// there is neither.
func (p Provider) Address(getenv func(string) string) (address, variable string) {
	if address, variable = FirstSet(p.BaseVariables, getenv); address != "" {
		return address, variable
	}
	return p.Base, ""
}

// Key returns the key that the first variable that is set holds, and its name.
// It is meant for the provider's own address: LiteLLM sends it anywhere.
func (p Provider) Key(getenv func(string) string) (key, variable string) {
	return FirstSet(p.KeyVariables, getenv)
}

// Token returns the token that the first variable that is set holds, and its name. It is
// meant for the provider's own address.
func (p Provider) Token(getenv func(string) string) (token, variable string) {
	return FirstSet(p.TokenVariables, getenv)
}

// Complete returns an address with the provider's path at its end: an Ollama at
// http://localhost:11434 serves OpenAI's routes below /v1.
func (p Provider) Complete(u *url.URL) *url.URL {
	folders := strings.TrimRight(u.Path, "/")
	if p.Path == "" || strings.HasSuffix(folders, p.Path) {
		return u
	}
	// The address may have a part of the path already: …/v1beta for /v1beta/openai.
	for i := len(p.Path); i > 0; i = strings.LastIndex(p.Path[:i], "/") {
		if strings.HasSuffix(folders, p.Path[:i]) {
			return u.JoinPath(p.Path[i:])
		}
	}
	return u.JoinPath(p.Path)
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
