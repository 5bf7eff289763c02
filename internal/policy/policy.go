// Package policy turns a configuration and a profile into the router's own
// configuration. Call Prepare first, then Write; Build is Prepare without a write.
// Current returns the profile in force, Diff the differences between two profiles.
//
// It writes only files that FlowGate generates, never one that a person edits,
// and never prints a resolved key.
//
// It has more than 700 lines because the code that builds, writes, reads and compares the
// active configuration has to agree on its form and on which of its values are secret.
package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Active is a router configuration ready to be written, in LiteLLM's own form.
// It holds resolved keys.
type Active struct {
	Profile  string
	Source   string           // the configuration file; empty for the built-in default
	Config   map[string]any   // complete, except that os.environ/NAME references stay
	Warnings []config.Warning // about what was changed or found

	Credentials map[string]string // names of credentials by the dotted path of the key that has their value
	Unresolved  []Unresolved      // of Plan: the credentials that cannot be read
}

// Unresolved is a reference to a credential that cannot be read.
type Unresolved struct {
	Path []any // of the reference in the router's settings: …, "api_key_ref"
	Err  error // why it cannot be read
}

// Prepare merges profiles[profile] over litellm_base, resolves the credentials
// that it refers to, and completes what LiteLLM needs: a master key, an id for
// every deployment. An empty profile means cfg.DefaultProfile(). It makes
// FlowGate's own key files when they are missing. Faults: profile-unknown,
// profiles-not-supported, credential-missing, credential-invalid.
func Prepare(cfg *config.Config, profile string, getenv func(string) string) (Active, error) {
	return assemble(builder{cfg: cfg, getenv: getenv}, profile)
}

// Build is Prepare without a write: it makes no key, and returns the fault
// credential-missing for a missing key of FlowGate's own too.
func Build(cfg *config.Config, profile string, getenv func(string) string) (Active, error) {
	return assemble(builder{cfg: cfg, getenv: getenv, readOnly: true}, profile)
}

// Plan is Build for a configuration whose keys may be missing: the result lists the references
// to unreadable ones in Unresolved. A missing key that FlowGate makes at the start is not
// listed.
func Plan(cfg *config.Config, profile string, getenv func(string) string) (Active, error) {
	return assemble(builder{cfg: cfg, getenv: getenv, readOnly: true, tolerant: true}, profile)
}

// Refer is Build for another place than this machine: it reads no key. Each credential is a
// reference os.environ/NAME to a variable, named in variables for one that is a file here, and
// so is a missing master key. upstream is the address (host:port) at which the router reaches
// the supervised upstream there; "" for the address here.
func Refer(cfg *config.Config, profile, upstream string, variables func(credential string) string) (Active, error) {
	b := builder{cfg: cfg, getenv: func(string) string { return "" }, readOnly: true, variables: variables,
		upstream: upstream}
	return assemble(b, profile)
}

// assemble builds the router configuration for a profile, "" for the default one.
func assemble(b builder, profile string) (Active, error) {
	cfg := b.cfg
	if profile == "" {
		profile = cfg.DefaultProfile()
	}
	merged, err := Merged(cfg, profile)
	if err != nil {
		return Active{}, err
	}
	b.active = Active{Profile: profile, Source: cfg.File}
	resolved, err := b.resolve(merged, nil)
	if err != nil {
		return Active{}, err
	}
	b.active.Config = resolved.(map[string]any)
	if !b.isElsewhere() {
		b.resolveIncludes()
	}
	b.moveUpstream(b.active.Config)
	b.moveCooldownSettings()
	b.addDeploymentIDs()
	b.moveOwnSettings()
	if err := b.setMasterKey(); err != nil {
		return Active{}, err
	}
	b.addCLIProxyAddress()
	return b.active, nil
}

// builder holds what the steps of one Prepare, Build or Plan share.
type builder struct {
	cfg      *config.Config
	getenv   func(string) string
	readOnly bool // make no key
	tolerant bool // continue without a key that cannot be read
	active   Active

	// Of Refer: variables returns the variable of a credential that is a file here; upstream is
	// the address of the supervised upstream.
	variables func(credential string) string
	upstream  string
}

// isElsewhere reports whether the configuration is for another place than this machine.
func (b *builder) isElsewhere() bool { return b.variables != nil }

// warn adds a warning about the setting at path.
func (b *builder) warn(code, path, message string) {
	b.active.Warnings = append(b.active.Warnings, config.Warning{Code: code, Path: path, Message: message})
}

// Merged returns profiles[profile] merged over litellm_base as the file has them: references
// are not resolved and nothing is added. Faults: profile-unknown, profiles-not-supported.
func Merged(cfg *config.Config, profile string) (map[string]any, error) {
	if cfg.Version == 3 {
		return nil, fault.Usage("profiles-not-supported", "%s is version 3, which has no LiteLLM and so no profiles",
			cfg.File).
			WithHint("clients talk to cliproxyapi_plus directly; use config_version: 2 for profiles")
	}
	overlay, ok := cfg.Profiles[profile]
	if !ok {
		return nil, unknownProfileFault(profile, cfg.ProfileNames())
	}
	return Merge(cfg.Base, overlay), nil
}

// unknownProfileFault returns the fault profile-unknown.
func unknownProfileFault(profile string, known []string) error {
	hint := suggest.HintBefore("known profiles: "+strings.Join(known, ", "), profile, known)
	return fault.Usage("profile-unknown", "unknown profile %q", profile).WithHint("%s", hint)
}

// Merge returns a copy of base with overlay laid over it: maps are merged, lists and
// scalars replaced. A key and the reference that stands for it are one setting: api_key in
// overlay replaces api_key_ref in base, and the other way round.
func Merge(base, overlay map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(overlay))
	for key, value := range base {
		out[key] = deepCopy(value)
	}
	for key := range overlay {
		delete(out, counterpart(key))
	}
	for key, value := range overlay {
		lower, lowerIsMap := out[key].(map[string]any)
		upper, upperIsMap := value.(map[string]any)
		if lowerIsMap && upperIsMap {
			out[key] = Merge(lower, upper)
			continue
		}
		out[key] = deepCopy(value)
	}
	return out
}

// counterpart returns the reference that stands for a key, and the key that a reference stands for.
func counterpart(key string) string {
	if target, isRef := strings.CutSuffix(key, "_ref"); isRef {
		return target
	}
	return key + "_ref"
}

// deepCopy returns a copy of v that shares no map or list with it.
func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return Merge(v, nil)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = deepCopy(item)
		}
		return out
	}
	return v
}

// Profile is a profile as it is written in the configuration.
type Profile struct {
	Name     string         `json:"name"`
	Settings map[string]any `json:"settings"` // secrets shortened
}

// List returns the profiles in alphabetical order, none in version 3.
func List(cfg *config.Config) []Profile {
	profiles := make([]Profile, 0, len(cfg.Profiles))
	for _, name := range slices.Sorted(maps.Keys(cfg.Profiles)) {
		settings, _ := redact.Keys(cfg.Profiles[name]).(map[string]any)
		profiles = append(profiles, Profile{Name: name, Settings: settings})
	}
	return profiles
}
