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

// Probes are the questions that the supervisor asks a service, each in its
// time: Startup until it passed once, then Readiness and Liveness for ever.
type Probes struct {
	Startup   *Probe `json:"startup,omitempty"`   // nil: none, readiness decides alone
	Readiness *Probe `json:"readiness,omitempty"` // nil: a GET on the readiness path; without a port, none
	Liveness  *Probe `json:"liveness,omitempty"`  // nil: any HTTP answer to the same; see Service.Live
}

// Probe is one question. Exactly one of HTTP, TCP, Command and Log says what is
// asked.
type Probe struct {
	HTTP      string   `json:"http,omitempty"`    // path; ready and started are 2xx, alive is any answer
	TCP       bool     `json:"tcp,omitempty"`     // the service's port takes a connection
	Command   []string `json:"command,omitempty"` // exits 0; run in the service's folder with its environment
	Log       string   `json:"log,omitempty"`     // RE2 that a line of this process's log matches
	Interval  Span     `json:"interval_ms"`       // between two; while starting they come sooner
	Timeout   Span     `json:"timeout_ms"`        // of one
	Successes int      `json:"successes"`         // in a row that make it pass, from 1
	Failures  int      `json:"failures"`          // in a row that make it fail; 0 switches liveness off
}

// Span is a time span that is milliseconds in JSON.
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

// Defaults of probes. Silence for a minute is what makes a service hung: a
// Python event loop may be busy for many seconds.
const (
	probeInterval    = 5 * time.Second
	livenessInterval = 10 * time.Second
	probeTimeout     = 5 * time.Second
	livenessFailures = 6
)

// ReadinessProbe is the readiness probe in force, false when the service has none: it
// is ready as soon as it runs.
func (s Service) ReadinessProbe() (Probe, bool) {
	if p := s.Probes.Readiness; p != nil {
		return p.withDefaults(probeInterval, 1), true
	}
	return Probe{HTTP: s.ReadinessPath}.withDefaults(probeInterval, 1), s.Port != 0 && s.ReadinessPath != ""
}

// LivenessProbe is the liveness probe in force, false when there is none. Without one
// of its own, a service that is asked by HTTP for readiness must answer that
// within a minute, whatever it answers; one that is not has none.
func (s Service) LivenessProbe() (Probe, bool) {
	p := Probe{Failures: livenessFailures}
	if s.Probes.Liveness != nil {
		p = *s.Probes.Liveness
	}
	if !p.hasQuestion() {
		ready, _ := s.ReadinessProbe()
		p.HTTP = ready.HTTP
	}
	return p.withDefaults(livenessInterval, p.Failures), p.hasQuestion() && p.Failures > 0
}

// StartupProbe is the startup probe, false when there is none.
func (s Service) StartupProbe() (Probe, bool) {
	if s.Probes.Startup == nil {
		return Probe{}, false
	}
	return s.Probes.Startup.withDefaults(probeInterval, 1), true
}

// hasQuestion reports whether there is a question in it at all.
func (p Probe) hasQuestion() bool { return p.HTTP != "" || p.TCP || len(p.Command) > 0 || p.Log != "" }

// withDefaults returns the probe with an interval and a number of failures where it has none.
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
	asked := 0
	for _, set := range []bool{p.HTTP != "", p.TCP, len(p.Command) > 0, p.Log != ""} {
		if set {
			asked++
		}
	}
	f, _ := r.root.Lookup(keys...)
	inherits := keys[len(keys)-1] == "liveness" && asked == 0 // the question of readiness
	if asked != 1 && !inherits && f.Value != nil && f.Value.Kind == yamlnode.MapKind && len(f.Value.Fields) > 0 {
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
	span := func(p *schema.Period, none time.Duration) Span {
		if p == nil {
			return Span(none)
		}
		return Span(*p)
	}
	p.Interval, p.Timeout = span(doc.Interval, 0), span(doc.Timeout, 0)
	if doc.Successes != nil {
		p.Successes = *doc.Successes
	}
	if doc.Failures != nil {
		p.Failures = *doc.Failures
	}
	return &p
}
