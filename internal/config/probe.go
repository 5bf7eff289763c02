package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// Probes are the checks that the supervisor makes of a running service: Startup until it has
// passed once, then Readiness and Liveness as long as the service runs.
type Probes struct {
	Startup   *Probe `json:"startup,omitempty"`   // nil: none, readiness decides alone
	Readiness *Probe `json:"readiness,omitempty"` // nil: a GET on the readiness path; without a port, none
	Liveness  *Probe `json:"liveness,omitempty"`  // nil: any HTTP answer to the same; see Service.LivenessProbe
}

// Probe is one check of a service. Exactly one of HTTP, TCP, Command and Log says how it is
// made.
type Probe struct {
	HTTP      string   `json:"http,omitempty"`    // path of a GET; startup and readiness need 2xx, liveness any answer
	TCP       bool     `json:"tcp,omitempty"`     // the service's port accepts a connection
	Command   []string `json:"command,omitempty"` // exits 0; run in the service's folder with its environment
	Log       string   `json:"log,omitempty"`     // RE2 that a line of this process's log matches
	Interval  Span     `json:"interval_ms"`       // between two attempts; shorter while the service starts
	Timeout   Span     `json:"timeout_ms"`        // of one attempt
	Successes int      `json:"successes"`         // in a row that make it pass, from 1
	Failures  int      `json:"failures"`          // in a row that make it fail; 0 switches liveness off
}

// Span is a time span that is written in milliseconds in JSON.
type Span time.Duration

// MarshalJSON writes milliseconds.
func (s Span) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(s) / float64(time.Millisecond))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Span) UnmarshalJSON(b []byte) error {
	var ms float64
	err := json.Unmarshal(b, &ms)
	*s = Span(ms * float64(time.Millisecond))
	return err
}

// Defaults of probes. A service counts as hung when it is silent for a minute, and not
// sooner, because a Python event loop may be busy for many seconds.
const (
	probeInterval    = 5 * time.Second
	livenessInterval = 10 * time.Second
	probeTimeout     = 5 * time.Second
	livenessFailures = 6
)

// ReadinessProbe returns the readiness probe in force, and false when the service has none:
// then it is ready as soon as it runs.
func (s Service) ReadinessProbe() (Probe, bool) {
	if p := s.Probes.Readiness; p != nil {
		return p.withDefaults(probeInterval, 1), true
	}
	return Probe{HTTP: s.ReadinessPath}.withDefaults(probeInterval, 1), s.Port != 0 && s.ReadinessPath != ""
}

// LivenessProbe returns the liveness probe in force, and false when there is none. By
// default it is the HTTP request of the readiness probe, which must get any answer within a
// minute; a service whose readiness probe is not HTTP has none by default.
func (s Service) LivenessProbe() (Probe, bool) {
	p := Probe{Failures: livenessFailures}
	if s.Probes.Liveness != nil {
		p = *s.Probes.Liveness
	}
	if !p.hasCheck() {
		ready, _ := s.ReadinessProbe()
		p.HTTP = ready.HTTP
	}
	return p.withDefaults(livenessInterval, p.Failures), p.hasCheck() && p.Failures > 0
}

// StartupProbe returns the startup probe, and false when there is none.
func (s Service) StartupProbe() (Probe, bool) {
	if s.Probes.Startup == nil {
		return Probe{}, false
	}
	return s.Probes.Startup.withDefaults(probeInterval, 1), true
}

// hasCheck reports whether one of HTTP, TCP, Command and Log is set.
func (p Probe) hasCheck() bool { return p.HTTP != "" || p.TCP || len(p.Command) > 0 || p.Log != "" }

// withDefaults returns the probe with each number that it lacks filled in; interval and
// failures are the defaults of its kind.
func (p Probe) withDefaults(interval time.Duration, failures int) Probe {
	if p.Interval <= 0 {
		p.Interval = Span(interval)
	}
	if p.Timeout <= 0 {
		p.Timeout = Span(probeTimeout)
	}
	p.Successes = max(p.Successes, 1)
	if p.Failures <= 0 {
		p.Failures = failures
	}
	return p
}

// resolveProbes resolves services.KEY.probes.
func (r *resolver) resolveProbes(key string, doc schema.ProbesDocument) Probes {
	return Probes{
		Startup:   r.resolveProbe(doc.Startup, 1, "services", key, "probes", "startup"),
		Readiness: r.resolveProbe(doc.Readiness, 1, "services", key, "probes", "readiness"),
		Liveness:  r.resolveProbe(doc.Liveness, livenessFailures, "services", key, "probes", "liveness"),
	}
}

// resolveProbe resolves the probe at keys; nil when the file has none. failures is its default.
func (r *resolver) resolveProbe(doc *schema.ProbeDocument, failures int, keys ...string) *Probe {
	if doc == nil {
		return nil
	}
	p := Probe{HTTP: doc.HTTP, TCP: bool(doc.TCP), Command: doc.Command, Log: doc.Log, Successes: 1, Failures: failures}
	checks := 0
	for _, isSet := range []bool{p.HTTP != "", p.TCP, len(p.Command) > 0, p.Log != ""} {
		if isSet {
			checks++
		}
	}
	f, _ := r.root.Lookup(keys...)
	inherits := keys[len(keys)-1] == "liveness" && checks == 0 // it makes the check of readiness
	if checks != 1 && !inherits && f.Value != nil && f.Value.Kind == yamlnode.MapKind && len(f.Value.Fields) > 0 {
		r.addProblem(keys, "write http: /path, tcp: true, command: [...] or log: PATTERN",
			"%s must have exactly one of http, tcp, command and log", strings.Join(keys, "."))
	}
	if p.HTTP != "" && !strings.HasPrefix(p.HTTP, "/") {
		r.addProblem(append(slices.Clone(keys), "http"), `write "/`+p.HTTP+`"`, "the path %q must begin with /", p.HTTP)
	}
	if _, err := regexp.Compile(p.Log); err != nil {
		r.addProblem(append(slices.Clone(keys), "log"), "see https://github.com/google/re2/wiki/Syntax",
			"the pattern is not a valid RE2 expression: %v", err)
	}
	span := func(p *schema.Period) Span {
		if p == nil {
			return 0
		}
		return Span(*p)
	}
	p.Interval, p.Timeout = span(doc.Interval), span(doc.Timeout)
	if doc.Successes != nil {
		p.Successes = *doc.Successes
	}
	if doc.Failures != nil {
		p.Failures = *doc.Failures
	}
	return &p
}
