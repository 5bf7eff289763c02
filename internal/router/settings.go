package router

import (
	"net/url"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
)

// Settings is a LiteLLM configuration as the router uses it: names resolved,
// defaults filled in. It holds keys; never print or encode it.
type Settings struct {
	Path        string           // absolute, as given to Load
	Warnings    []config.Warning // keys without effect here, deployments that cannot serve, settings that LiteLLM reads differently
	Deployments []*Deployment    // in the order of model_list, those that cannot be routed to left out

	names     []string // model_name of every group that can serve, in the order of model_list
	dropped   []string // groups of which no deployment can be routed to
	masterKey string

	numRetries int           // LiteLLM's default is 2
	timeout    time.Duration // 0 when nothing is set: then 6000 s, or 600 s for messages and responses
	stream     time.Duration // router_settings.stream_timeout; 0 when unset

	firstContent time.Duration // router_settings.ttft_timeout; 0 when unset
	keepAlive    time.Duration // of silence after which a client gets a comment; 0: never

	fallbacks        map[string][]string
	contextFallbacks map[string][]string
	defaultFallbacks []string

	cooling     cooldownRule // as written under router_settings
	coolingDead cooldownRule // as written under litellm_settings, where LiteLLM does not read it
	forward     forwardSettings
	hosts       []string // general_settings.flowgate_allowed_hosts
	allowMocks  bool     // general_settings.dangerously_allow_mock_testing_request_params
}

// Deployment is one entry of model_list: a model at an upstream.
type Deployment struct {
	ID       string // model_info.id, or a digest of the entry
	Group    string // model_name
	Model    string // litellm_params.model as written: "openai/gpt-5"
	Upstream string // the name that the upstream gets: "gpt-5"
	Kind     Kind   // how the upstream is spoken to

	base    *url.URL          // api_base with the version folder: requests go to base + "/chat/completions"
	key     string            // empty: requests carry no key
	hidden  *strings.Replacer // takes the key out of texts; nil without one
	unique  []byte            // the key when no text holds it by chance
	missing string            // name of the environment variable that should hold the key and is not set

	retries *int
	timeout time.Duration
	stream  time.Duration

	firstContent time.Duration  // ttft_timeout
	keepAlive    *time.Duration // keepalive_seconds

	cooldown time.Duration
	weight   *float64
	rpm      *float64
	tpm      *float64
	order    float64 // lower goes first; unset is 1
	mock     *string
	forward  forwarding

	missingRoutes missingRoutes

	state cooldown
	wire  wire
}

// Kind is the family of an upstream's interface.
type Kind int

// The kinds of upstream.
const (
	OpenAI    Kind = iota // OpenAI-compatible; messages too where the upstream serves them
	Anthropic             // Anthropic Messages only
)

// cooldownRule says when a deployment is left alone; nil fields are not set.
type cooldownRule struct {
	allowedFails *int
	length       *time.Duration
	disabled     bool
}

// Defaults of LiteLLM 1.106.2, measured.
const (
	defaultRetries      = 2
	defaultTimeout      = 6000 * time.Second
	defaultShortTimeout = 600 * time.Second // messages and responses
	defaultCooldown     = 5 * time.Second
	defaultAllowedFails = 3

	defaultKeepAlive = 15 * time.Second // FlowGate's: LiteLLM sends none unless told to
)
