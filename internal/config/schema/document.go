package schema

// The document types are flowgate.yaml as it is written, with one struct for each version.
// The decoder and the JSON Schema both follow them.

// DocumentV2 is a file of version 2, the current one.
type DocumentV2 struct {
	ConfigVersion int                       `json:"config_version,omitempty" jsonschema:"enum=2,description=Version of this file's form; 2 when missing"`
	Paths         pathsV2                   `json:"paths" jsonschema:"description=Files and folders that FlowGate writes; relative to this file's folder"`
	Services      ServicesV2                `json:"services" jsonschema:"description=The processes that FlowGate runs"`
	Base          map[string]any            `json:"litellm_base" jsonschema:"description=LiteLLM configuration that all profiles share"`
	Profiles      map[string]map[string]any `json:"profiles" jsonschema:"minProperties=1,description=Overlays over litellm_base by profile name: maps merge and lists and scalars replace"`
	Auth          authDocument              `json:"auth,omitempty"`
	OAuth         map[string]provider       `json:"oauth,omitempty" jsonschema:"description=Old place of auth.providers,deprecated=true"`
	SecretFiles   []string                  `json:"secret_files,omitempty" jsonschema:"description=Files that hold secrets and must be private"`
	Secrets       []string                  `json:"secrets,omitempty" jsonschema:"description=Old name of secret_files,deprecated=true"`
	Credentials   credentialsDocument       `json:"credentials,omitempty"`
	Integration   integrationDocument       `json:"integration,omitempty" jsonschema:"description=What clients are set up with"`
	Usage         UsageDocument             `json:"usage,omitempty" jsonschema:"description=What the embedded router keeps of each request: numbers and names but no texts"`
}

// DocumentV1 is a file of version 1: version 2 with the old name of the upstream service.
type DocumentV1 struct {
	ConfigVersion int                       `json:"config_version,omitempty"`
	Paths         pathsV2                   `json:"paths"`
	Services      servicesV1                `json:"services"`
	Base          map[string]any            `json:"litellm_base"`
	Profiles      map[string]map[string]any `json:"profiles" jsonschema:"minProperties=1"`
	Auth          authDocument              `json:"auth,omitempty"`
	OAuth         map[string]provider       `json:"oauth,omitempty"`
	Secrets       []string                  `json:"secrets,omitempty"`
	SecretFiles   []string                  `json:"secret_files,omitempty"`
	Credentials   credentialsDocument       `json:"credentials,omitempty"`
	Integration   integrationDocument       `json:"integration,omitempty"`
}

// DocumentV3 is a file of version 3, which has no LiteLLM: clients talk to CLIProxyAPI.
type DocumentV3 struct {
	ConfigVersion int                 `json:"config_version,omitempty"`
	Paths         pathsV3             `json:"paths"`
	CLIProxy      cliproxyV3          `json:"cliproxyapi_plus"`
	Auth          authDocument        `json:"auth,omitempty"`
	OAuth         map[string]provider `json:"oauth,omitempty"`
	SecretFiles   []string            `json:"secret_files,omitempty"`
	Secrets       []string            `json:"secrets,omitempty"`
}

type pathsV2 struct {
	RuntimeDir   string `json:"runtime_dir" jsonschema:"minLength=1,description=State and logs and the control socket"`
	ActiveConfig string `json:"active_config" jsonschema:"minLength=1,description=The router configuration that FlowGate generates"`
	StateFile    string `json:"state_file" jsonschema:"minLength=1,description=The current profile"`
	LogFile      string `json:"log_file" jsonschema:"minLength=1,description=Events as JSON lines"`
}

type pathsV3 struct {
	RuntimeDir string `json:"runtime_dir" jsonschema:"minLength=1"`
	LogFile    string `json:"log_file" jsonschema:"minLength=1"`
}

type cliproxyV3 struct {
	ConfigFile string `json:"config_file" jsonschema:"minLength=1"`
}

// ServicesV2 is the two services of configuration version 2.
type ServicesV2 struct {
	LiteLLM  litellmService  `json:"litellm"`
	CLIProxy cliproxyService `json:"cliproxyapi_plus"`
}

type servicesV1 struct {
	LiteLLM  litellmService  `json:"litellm"`
	CLIProxy cliproxyService `json:"cliproxyapi"`
}

type litellmService struct {
	Runtime string `json:"runtime,omitempty" jsonschema:"enum=embedded,enum=litellm,enum=command,description=embedded is the router inside FlowGate"`
	ServiceDocument
}

type cliproxyService struct {
	Runtime string `json:"runtime,omitempty" jsonschema:"enum=echo,enum=cliproxyapi,enum=command,description=echo is a stand-in that answers with what it was sent"`
	ServiceDocument
}

// ServiceDocument is the keys that both services have.
type ServiceDocument struct {
	Host          string          `json:"host,omitempty" jsonschema:"description=Address to listen on; 127.0.0.1 when missing"`
	Port          int             `json:"port" jsonschema:"minimum=1,maximum=65535"`
	ReadinessPath string          `json:"readiness_path,omitempty" jsonschema:"pattern=^/,description=A GET on it answers 2xx once the service is ready"`
	HealthPath    string          `json:"health_path,omitempty" jsonschema:"pattern=^/,description=Old name of readiness_path,deprecated=true"`
	Command       commandDocument `json:"command,omitempty" jsonschema:"description=Required unless runtime names a program"`
	DependsOn     dependencies    `json:"depends_on,omitempty" jsonschema:"description=Services that start before this one: a list waits until they are ready; a map says ready or started for each"`
	Env           map[string]Text `json:"env,omitempty" jsonschema:"description=Environment variables; ${NAME} refers to FlowGate's own environment"`
	Restart       RestartDocument `json:"restart,omitempty"`
	Unready       *Period         `json:"unready_restart,omitempty" jsonschema:"description=Readiness of its own lost for so long restarts it; 0 never"`
	StopTimeout   *Period         `json:"stop_timeout,omitempty" jsonschema:"description=From SIGTERM to SIGKILL"`
	Probes        ProbesDocument  `json:"probes,omitempty"`
}

// ProbesDocument is the probes of a service.
type ProbesDocument struct {
	Startup   *ProbeDocument `json:"startup,omitempty" jsonschema:"description=Must pass once before the others begin"`
	Readiness *ProbeDocument `json:"readiness,omitempty" jsonschema:"description=In place of readiness_path"`
	Liveness  *ProbeDocument `json:"liveness,omitempty" jsonschema:"description=Its failure restarts the service"`
}

// ProbeDocument is one probe; it has exactly one of http, tcp, command and log.
type ProbeDocument struct {
	HTTP      string   `json:"http,omitempty" jsonschema:"pattern=^/,description=A GET on this path"`
	TCP       boolean  `json:"tcp,omitempty" jsonschema:"description=A connection to the port"`
	Command   []string `json:"command,omitempty" jsonschema:"minItems=1,description=A program that exits 0"`
	Log       string   `json:"log,omitempty" jsonschema:"minLength=1,description=A pattern (RE2) that a log line matches"`
	Interval  *Period  `json:"interval,omitempty"`
	Timeout   *Period  `json:"timeout,omitempty"`
	Successes *int     `json:"successes,omitempty" jsonschema:"minimum=1,maximum=1000,description=In a row that make it pass"`
	Failures  *int     `json:"failures,omitempty" jsonschema:"minimum=0,maximum=1000,description=In a row that make it fail; 0 switches liveness off"`
}

type commandDocument struct {
	Args []string `json:"args" jsonschema:"minItems=1"`
	Cwd  string   `json:"cwd,omitempty" jsonschema:"description=Working folder; this file's folder when missing"`
}

// RestartDocument says when a service that ended is started again.
type RestartDocument struct {
	Policy  string  `json:"policy,omitempty" jsonschema:"enum=always,enum=on-failure,enum=never"`
	Max     *int    `json:"max,omitempty" jsonschema:"minimum=0,maximum=1000,description=Restarts within that time before the service counts as failed"`
	Within  *Period `json:"within,omitempty" jsonschema:"description=The time that max counts in; one minute when missing"`
	Backoff *Period `json:"backoff,omitempty" jsonschema:"description=First wait before a restart; doubled each time up to 30 s"`
}

// UsageDocument says what the usage ledger keeps.
type UsageDocument struct {
	Ledger *boolean `json:"ledger,omitempty" jsonschema:"description=Keep a row of each request; true when missing"`
	Days   *int     `json:"days,omitempty" jsonschema:"minimum=1,maximum=3650,description=Rows that are older are deleted; 90 when missing"`
	MaxMB  *int     `json:"max_mb,omitempty" jsonschema:"minimum=1,maximum=1048576,description=Size of the ledger from which on the oldest rows are deleted; 256 MiB when missing"`
}

type authDocument struct {
	Providers map[string]provider `json:"providers,omitempty" jsonschema:"description=How each provider signs in"`
}

type credentialsDocument struct {
	Upstream map[string]CredentialDocument `json:"upstream,omitempty" jsonschema:"description=Secrets by the name that api_key_ref and master_key_ref give"`
}

// CredentialDocument is the place of a secret; it has exactly one of its keys.
type CredentialDocument struct {
	File string `json:"file,omitempty" jsonschema:"minLength=1"`
	Env  string `json:"env,omitempty" jsonschema:"minLength=1"`
}

// integrationDocument says what clients are set up with.
type integrationDocument struct {
	DefaultModel  string  `json:"default_model,omitempty"`
	FastModel     string  `json:"fast_model,omitempty"`
	RestoreOnStop boolean `json:"restore_on_stop,omitempty" jsonschema:"description=stop takes the settings out of the clients that point at the router"`
}

// Conditions of a dependency.
const (
	ConditionReady   = "ready"
	ConditionStarted = "started"
)
