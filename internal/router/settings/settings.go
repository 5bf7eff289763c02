// Package settings reads LiteLLM's configuration format: which models are served
// where, and by which rules. Load reads a file and returns its Settings.
//
// It never sends anything. Settings hold keys, so they must not be printed.
//
// It has more than 700 lines because it reads one file format into one Settings: each
// file of the package reads one part of it, and patterns and aliases refer to
// deployments.
package settings

import (
	"net/url"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/router/aws"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/router/vertex"
)

// Settings is a LiteLLM configuration with its references resolved and its
// defaults filled in. It holds keys: never print or encode it.
type Settings struct {
	Path string // absolute path of the file
	// Warnings are about keys without effect, deployments that cannot serve, and settings
	// that LiteLLM reads differently.
	Warnings    []config.Warning
	Deployments []*Deployment // in the order of model_list, without those that cannot serve

	Groups        []string      // model_name of every group that can serve, in the order of model_list, without patterns
	DroppedGroups []string      // model_names without a deployment that can serve
	Unserved      []*Deployment // the entries of model_list that cannot serve; a warning of each says why
	MasterKey     string        // the key that clients send
	AllowedHosts  []string      // general_settings.flowgate_allowed_hosts
	// RefuseUnknownParams is set when litellm_settings.drop_params is false: requests with
	// a parameter that the upstream's dialect does not have are refused.
	RefuseUnknownParams bool

	// ChecksPrompts is set when the length of prompts is checked:
	// router_settings.enable_pre_call_checks is set, and some deployment has a MaxInputTokens.
	ChecksPrompts bool

	OpenMetrics bool // litellm_settings.require_auth_for_metrics_endpoint is false: GET /metrics needs no key
	Telemetry   bool // a callback of litellm_settings is otel
	// Getenv returns an environment variable, or a value of environment_variables in its place.
	Getenv func(string) string

	AllowMocks bool // general_settings.dangerously_allow_mock_testing_request_params

	Retries             int           // retries of a request in its group
	Timeout             time.Duration // 0 when unset: DefaultTimeout or DefaultShortTimeout applies
	StreamTimeout       time.Duration // router_settings.stream_timeout; 0 when unset
	FirstContentTimeout time.Duration // router_settings.ttft_timeout; 0 when unset
	KeepAlive           time.Duration // silence after which a client gets a keep-alive; 0: never

	Fallbacks        map[string][]string
	ContextFallbacks map[string][]string // when the prompt is too long for the group
	DefaultFallbacks []string

	Balancing Balancing // how requests are spread over the deployments of a group
	Affinity  Affinity  // which requests stay at one deployment

	RoutingGroups []RoutingGroup // groups with a strategy of their own

	Redis *Redis // where several routers share what they know; nil: nowhere

	Aliases       []Alias       // in the order in which they are resolved
	PickerAliases []PickerAlias // names by which pickers of Claude models know listed models

	locate             document.Locator
	patterns           patterns
	prices             prices
	retryPolicy        RetryPolicy
	groupRetryPolicies map[string]RetryPolicy // model_group_retry_policy, by model_name

	Cooldown          CooldownRule // as written under router_settings
	MisplacedCooldown CooldownRule // as written under litellm_settings, where LiteLLM ignores it
}

// Alias is another name of a group, from router_settings.model_group_alias or
// litellm_settings.model_alias_map.
type Alias struct {
	Name   string
	Target string // the name of a group, or one that a pattern matches
	Hidden bool   // GET /v1/models does not list it
}

// Deployment is one entry of model_list: a model at an upstream.
type Deployment struct {
	Index    int    // its place in model_list, from 0
	ID       string // model_info.id, or a digest of the entry
	Group    string // model_name, or the name that matched it
	Model    string // litellm_params.model as written: "openai/gpt-5"
	Upstream string // the name that the upstream gets: "gpt-5"
	Provider string // the prefix of its provider: "openai"; empty when unknown
	Kind     Kind   // the interfaces that the upstream has
	IsGoogle bool   // the provider is gemini, whose keys have a header of their own

	Dialects        dialect.Set // the dialects that the upstream has
	DialectsAssumed bool        // nothing is known of the upstream, so Dialects has all
	Base            *url.URL    // api_base with the version folder; nil for a mock without an address
	MessagesBase    *url.URL    // the same for messages, when they have another address; else nil
	RankURL         *url.URL    // the address of the route rerank, when it is not below Base; else nil
	OldLimitName    bool        // chat: the upstream knows max_completion_tokens only by its old name, max_tokens
	RankLimitName   string      // rerank: the upstream's name for top_n; empty: top_n
	MaxTokensName   string      // chat: the upstream's name for the limit of a reply; empty: max_tokens
	MaxInputTokens  int         // model_info.max_input_tokens; 0 when unset, or when it is not checked
	MaxOutputTokens int         // model_info.max_output_tokens; 0 when unset
	TakesEffort     bool        // chat: the upstream accepts reasoning_effort
	ReasoningBack   bool        // chat: the upstream wants the reasoning of earlier replies back
	ThoughtsBack    bool        // chat: the upstream wants the thought signatures of earlier calls back
	DetailsBack     bool        // chat: the upstream wants the reasoning details of earlier replies back
	TextParts       bool        // chat: the upstream accepts a text in several parts
	Adaptive        bool        // messages: the model takes an effort of thinking, not a budget
	NoFormat        bool        // the model does not accept a schema for its reply
	NoOutputFormat  bool        // messages: the same
	NoImages        bool        // model_info.supports_vision is false
	NoFiles         bool        // model_info.supports_pdf_input is false

	AWS    *aws.Access    // Amazon Bedrock: who sends requests; nil elsewhere
	Vertex *vertex.Access // Google's Vertex AI: the same
	Claude bool           // at both: the model is one of Anthropic's

	CachePoints bool // Amazon Bedrock: the model takes cache points
	CacheHour   bool // Amazon Bedrock: a cache point may last an hour

	RefuseUnknownParams *bool // as in Settings; nil: the value there applies

	Info map[string]any // model_info as it is written; must not be changed

	APIVersion string // azure: api_version of requests below /openai/deployments; empty: requests go below /openai/v1

	Key               string            // empty: requests have no key
	KeyHeader         string            // the header that holds the bare key; empty: Authorization with Bearer
	MessagesKeyHeader string            // the same for messages, when they have another one
	Headers           map[string]string // further headers, from the entry and its provider
	KeyVariable       string            // the environment variable that the key is, or would be, read from
	MissingKey        string            // the same variable, when it is not set
	Dropped           []string          // members of clients' requests that the deployment does not get
	Refused           []string          // members that translated requests must not have
	Params            []Param           // parameters that requests get unless the client sends them
	Mock              *string           // mock_response: the deployment answers with this text itself
	ForwardRule       ForwardRule

	Retries             *int          // nil: the number in Settings applies
	Timeout             time.Duration // 0 when unset
	StreamTimeout       time.Duration // 0 when unset
	FirstContentTimeout time.Duration // ttft_timeout; 0 when unset
	KeepAlive           *time.Duration
	CooldownTime        time.Duration // 0 when unset

	Warnings []config.Warning // about the entry; when it cannot serve, one of them says why

	Weight *float64
	RPM    *float64 // litellm_params.rpm, as a weight
	TPM    *float64 // litellm_params.tpm, as a weight
	Order  float64  // lower goes first; unset is 1

	MaxRPM, MaxTPM        *float64 // limits of requests and tokens per minute; not every strategy heeds them
	InputCost, OutputCost *float64 // dollars per token
	// PriceOfTable says that these prices are those of the table of models, for CostBased, and not
	// what the entry says: a cached token, for one, costs something else.
	PriceOfTable bool
}

// CooldownRule says when a deployment cools down, and for how long. Numbers that are not
// set are nil.
type CooldownRule struct {
	AllowedFails *int
	Length       *time.Duration
	Disabled     bool
}

// Defaults of LiteLLM 1.106.2, measured.
const (
	DefaultTimeout      = 6000 * time.Second
	DefaultShortTimeout = 600 * time.Second // messages and responses
	DefaultCooldown     = 5 * time.Second
	DefaultAllowedFails = 3 // LiteLLM treats this number as unset

	defaultRetries = 2
)

// defaultKeepAlive is FlowGate's own default: LiteLLM sends keep-alives only when they are
// configured.
const defaultKeepAlive = 15 * time.Second
