// Package config reads flowgate.yaml, versions 1, 2 and 3, into one resolved
// form. Call Load first; Default gives the configuration that holds when no
// file exists. The package never writes a file, and never resolves a secret:
// references stay references.
//
// It is larger than other packages: the resolved types and the resolver that
// fills them belong together, and its callers need both. It builds on the packages
// below it: config/yamlnode parses, config/schema has the document types. Package
// config/rewrite changes the file.
package config

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// Names of the two services. Version 1 called the second one "cliproxyapi".
const (
	LiteLLM  = "litellm"
	CLIProxy = "cliproxyapi_plus"
)

// CurrentVersion is the config_version of new files; version 3 is a form of its own.
const CurrentVersion = 2

// Runtimes that a service can name.
const (
	RuntimeEmbedded    = "embedded"    // litellm: the router inside this binary
	RuntimeLiteLLM     = "litellm"     // litellm: the real LiteLLM
	RuntimeEcho        = "echo"        // cliproxyapi_plus: the deterministic stand-in inside this binary
	RuntimeCLIProxyAPI = "cliproxyapi" // cliproxyapi_plus: the real CLIProxyAPI or CLIProxyAPIPlus
	RuntimeCommand     = "command"     // either: command.args as written
)

// Config is a flowgate.yaml of any version in its resolved form: old names
// mapped to current ones, defaults filled in, paths absolute.
type Config struct {
	File    string `json:"file"`    // absolute path; empty for the built-in default
	Dir     string `json:"dir"`     // absolute folder that relative paths were resolved against
	Version int    `json:"version"` // as written: 1, 2 or 3

	Paths    Paths     `json:"paths"`
	Services []Service `json:"services"` // in start order: each after those it depends on

	Base     map[string]any            `json:"litellm_base,omitempty"` // LiteLLM config fragment; nil in version 3
	Profiles map[string]map[string]any `json:"profiles,omitempty"`     // overlays by profile name; empty in version 3

	// auth.providers, as written, without the keys that have mistakes
	Providers        map[string]map[string]any     `json:"auth_providers,omitempty"`
	ProviderProblems map[string][]yamlnode.Problem `json:"-"`                      // these mistakes, by provider
	SecretFiles      []string                      `json:"secret_files,omitempty"` // absolute
	Credentials      map[string]Credential         `json:"credentials,omitempty"`  // credentials.upstream by name
	Integration      Integration                   `json:"integration"`
	Usage            Usage                         `json:"usage"`
	// absolute; version 3's cliproxyapi_plus.config_file, else config/cliproxyapi.yaml beside File when that exists
	CLIProxyConfigFile string `json:"cliproxy_config_file,omitempty"`

	Warnings []Warning `json:"warnings,omitempty"` // keys that were accepted although they are old or have no effect
}

// Warning is something in a file that is accepted and that the file's author should know about.
type Warning struct {
	Code    string `json:"code"`           // stable kebab-case word
	File    string `json:"file,omitempty"` // as the user named it
	Path    string `json:"path"`           // dotted path of the key, "profiles.cost.litellm_settings.cooldown_time"
	Line    int    `json:"line"`           // 1-based; 0 when unknown
	Column  int    `json:"column"`         // 1-based, in characters; 0 when unknown
	Message string `json:"message"`        // one line
}

// String returns the place and then the message, in the form that editors and terminals
// make clickable.
func (w Warning) String() string {
	if w.Line == 0 {
		return w.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", w.File, w.Line, max(w.Column, 1), w.Message)
}

// Paths are the files and folders that FlowGate writes; all absolute.
type Paths struct {
	RuntimeDir   string `json:"runtime_dir"`
	ActiveConfig string `json:"active_config"` // litellm.active.yaml; in version 3 still set (under RuntimeDir), unused
	StateFile    string `json:"state_file"`
	LogFile      string `json:"log_file"` // events, JSON lines
}

// Root returns the folder that holds runtime/, secrets/, auths/, store/ and
// generations/: the parent of a runtime_dir that is named "runtime", as in every
// example, else runtime_dir itself.
func (p Paths) Root() string {
	if filepath.Base(p.RuntimeDir) == "runtime" {
		return filepath.Dir(p.RuntimeDir)
	}
	return p.RuntimeDir
}

// Secrets returns the folder of the keys that FlowGate made: gateway.key, upstream.key,
// management.key.
func (p Paths) Secrets() string { return filepath.Join(p.Root(), "secrets") }

// Usage returns the folder of the usage ledger and of the prices that usage:prices has fetched.
func (p Paths) Usage() string { return filepath.Join(p.Root(), "usage") }

// Auths returns the folder of credential files that CLIProxyAPI loads.
func (p Paths) Auths() string { return filepath.Join(p.Root(), "auths") }

// ProcessLogs returns the folder of the services' own output, with one file for each service.
func (p Paths) ProcessLogs() string { return filepath.Join(p.RuntimeDir, "process-logs") }

// Service is one process that the supervisor runs.
type Service struct {
	Name string `json:"name"`
	Host string `json:"host"` // default 127.0.0.1
	Port int    `json:"port"` // 1–65535
	// default /v1/models; embedded and litellm runtimes: /health/readiness; echo: /healthz; cliproxyapi: /
	ReadinessPath string            `json:"readiness_path"`
	Runtime       string            `json:"runtime"` // one of the Runtime constants
	Command       []string          `json:"command,omitempty"`
	Cwd           string            `json:"cwd,omitempty"` // absolute; empty means the runtime's own choice
	Env           map[string]string `json:"env,omitempty"` // values may be ${NAME} references
	DependsOn     []string          `json:"depends_on,omitempty"`
	Restart       Restart           `json:"restart"`

	// DependsStarted lists the services of DependsOn that must have been started, but need not be ready.
	DependsStarted []string `json:"depends_started,omitempty"`
	Probes         Probes   `json:"probes,omitzero"`
	StopTimeout    Span     `json:"stop_timeout_ms"`    // from SIGTERM to SIGKILL; 0: as the runtime needs
	UnreadyRestart Span     `json:"unready_restart_ms"` // a restart follows when it is not ready for so long; 0: never
}

// Restart says when a service that ended is started again.
type Restart struct {
	Policy  string        `json:"policy"` // always (default), on-failure or never
	Max     int           `json:"max"`    // restarts within Within before the service counts as failed; default 5
	Within  time.Duration `json:"-"`      // the time in which Max counts; default one minute; in JSON within_ms
	Backoff time.Duration `json:"-"`      // first wait, doubled each time up to 30 s; default 500 ms; in JSON backoff_ms
}

// restartJSON is the form of Restart in reports and on the control socket.
type restartJSON struct {
	Policy    string  `json:"policy"`
	Max       int     `json:"max"`
	WithinMS  float64 `json:"within_ms"`
	BackoffMS float64 `json:"backoff_ms"`
}

// MarshalJSON writes the times in milliseconds.
func (r Restart) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return json.Marshal(restartJSON{r.Policy, r.Max, ms(r.Within), ms(r.Backoff)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Restart) UnmarshalJSON(b []byte) error {
	var j restartJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	duration := func(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
	*r = Restart{j.Policy, j.Max, duration(j.WithinMS), duration(j.BackoffMS)}
	return nil
}

// Addr returns host:port.
func (s Service) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// URL returns the base URL of the service without a trailing slash. For an unspecified
// host (0.0.0.0, ::) it has the loopback address.
func (s Service) URL() string {
	host := s.Host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(s.Port))
}

// Credential says where a secret is; exactly one field is set.
type Credential struct {
	File string `json:"file,omitempty"` // absolute path
	Env  string `json:"env,omitempty"`  // name of an environment variable
}

// Usage says what the embedded router keeps of each request.
type Usage struct {
	Ledger   bool  `json:"ledger"` // whether it keeps a row of each
	Days     int   `json:"days"`   // rows that are older are deleted
	MaxBytes int64 `json:"max_bytes"`
}

// Integration says what clients are set up with.
type Integration struct {
	DefaultModel  string `json:"default_model,omitempty"`   // the group of most requests
	FastModel     string `json:"fast_model,omitempty"`      // the group of small tasks
	RestoreOnStop bool   `json:"restore_on_stop,omitempty"` // stop takes the settings out of clients
}

// Service returns the service with that name.
func (c *Config) Service(name string) (Service, bool) {
	for _, s := range c.Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}
