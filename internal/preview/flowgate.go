package preview

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// IsRouted reports whether the embedded router serves a configuration. Only then does a
// preview say what will happen.
func IsRouted(cfg *config.Config) bool {
	router, ok := cfg.Service(config.LiteLLM)
	return ok && router.Runtime == config.RuntimeEmbedded && cfg.Version != 3
}

// Of returns the preview of a loaded configuration with a profile, "" for the default one.
// Faults: config-unreadable; those of policy.Plan.
func Of(cfg *config.Config, profile string, getenv func(string) string) (Preview, error) {
	var places *config.Places
	if cfg.File != "" {
		text, err := os.ReadFile(cfg.File)
		if err != nil {
			return Preview{}, yamlnode.UnreadableFault(cfg.File, err)
		}
		places = config.FindPlaces(cfg.File, text)
	}
	return preview(cfg, places, profile, getenv)
}

// preview returns the preview of a configuration whose values are written at places, nil
// for the built-in default.
func preview(cfg *config.Config, places *config.Places, profile string, getenv func(string) string) (Preview, error) {
	profile = cmp.Or(profile, cfg.DefaultProfile())
	router, _ := cfg.Service(config.LiteLLM)
	p := Preview{File: cfg.File, Format: config.FormatFlowGate, Profile: profile, Runtime: router.Runtime,
		Problems: []yamlnode.Problem{}, Warnings: []config.Warning{}, Deployments: []Deployment{}}
	active, err := policy.Plan(cfg, profile, getenv)
	if err != nil {
		return p, err
	}
	w := locator{cfg: cfg, places: places, profile: profile}
	if places != nil {
		p.File = places.File()
	}
	loaded, problems := settings.ExamineValues(p.File, active.Config, w.locate, w.environment(router, getenv))
	p.Problems = append(w.convertUnresolved(active.Unresolved), problems...)
	p.addMasterKeyProblem(loaded)
	p.Warnings = dropMovedSettings(cfg.Warnings, append(w.locateWarnings(active.Warnings), loaded.Warnings...))
	p.addSettings(loaded, w.locate)
	isUnresolved := map[string]bool{}
	for _, u := range active.Unresolved {
		isUnresolved[yamlnode.Dotted(u.Path)] = true
	}
	for i := range p.Deployments {
		d := &p.Deployments[i]
		key := yamlnode.Dotted([]any{"model_list", d.index, "litellm_params", "api_key"})
		if name := active.Credentials[key]; name != "" {
			d.Key = credentialKey(cfg, name, !isUnresolved[key+"_ref"])
		}
	}
	return p, nil
}

// addMasterKeyProblem adds the problem of a master key that is missing or that everybody knows.
func (p *Preview) addMasterKeyProblem(s *settings.Settings) {
	if err := s.CheckMasterKey(); err != nil {
		f := fault.From(err)
		at := s.Locate([]any{"general_settings", "master_key"})
		_, message, _ := strings.Cut(f.Message, ": ")
		p.Problems = append(p.Problems, yamlnode.Problem{Code: f.Code, File: at.File, Line: at.Line, Column: at.Column,
			Path: at.Path, Message: message, Hint: f.Hint})
	}
}

// dropMovedSettings returns all without the warnings about moved settings for which ofConfig
// has a warning too.
func dropMovedSettings(ofConfig, all []config.Warning) []config.Warning {
	return slices.DeleteFunc(all, func(w config.Warning) bool {
		return w.Code == "setting-moved" && slices.ContainsFunc(ofConfig, func(o config.Warning) bool {
			return o.Code == "setting-without-effect" && o.Line == w.Line && o.Column == w.Column
		})
	})
}

// credentialKey returns where a key comes from that is the credential with this name.
func credentialKey(cfg *config.Config, name string, isSet bool) Key {
	if variable := cfg.Credentials[name].Env; variable != "" {
		return Key{Source: "environment", Name: variable, Set: isSet}
	}
	return Key{Source: "credential", Name: name, Set: isSet}
}

// locator finds where the user wrote the values of the router's settings.
type locator struct {
	cfg     *config.Config
	places  *config.Places
	profile string
}

// locate returns where the value at a path of the generated configuration is written; it is a
// document.Locator.
func (w locator) locate(path []any) document.Place {
	place := document.Place{File: w.cfg.File, Path: yamlnode.Dotted(path)}
	if w.places == nil {
		return place
	}
	place.File = w.places.File()
	var longest []any
	for _, p := range policy.WrittenAs(path) {
		found, pos, isWhole := w.places.RouterSetting(w.profile, p)
		if isWhole || len(found) > len(longest) {
			longest, place.Pos = found, pos
		}
		if isWhole {
			break
		}
	}
	if place.Path = yamlnode.Dotted(longest); len(longest) < 2 {
		place.Path = "litellm_base." + yamlnode.Dotted(path)
	}
	return place
}

// convertUnresolved returns the credentials that cannot be read as problems.
func (w locator) convertUnresolved(all []policy.Unresolved) []yamlnode.Problem {
	problems := make([]yamlnode.Problem, 0, len(all))
	for _, u := range all {
		at, f := w.locate(u.Path), fault.From(u.Err)
		problems = append(problems, yamlnode.Problem{Code: f.Code, File: at.File, Line: at.Line, Column: at.Column,
			Path: at.Path, Message: f.Message, Hint: f.Hint})
	}
	return problems
}

// locateWarnings returns warnings about the router's settings with their places.
func (w locator) locateWarnings(all []config.Warning) []config.Warning {
	all = slices.Clone(all)
	for i := range all {
		var path []any
		for part := range strings.SplitSeq(all[i].Path, ".") {
			path = append(path, part)
		}
		at := w.locate(path)
		all[i].File, all[i].Path, all[i].Line, all[i].Column = at.File, at.Path, at.Line, at.Column
	}
	return all
}

// environment returns a function that looks up a variable in the environment that the router
// gets: the command's, and what the configuration of its service adds.
func (w locator) environment(router config.Service, getenv func(string) string) func(string) string {
	return func(name string) string {
		value, ok := router.Env[name]
		if !ok {
			return getenv(name)
		}
		return expandBraces(value, getenv)
	}
}

// expandBraces returns a value of services.NAME.env with its ${NAME} references looked up.
func expandBraces(value string, getenv func(string) string) string {
	before, after, ok := strings.Cut(value, "${")
	name, rest, isClosed := strings.Cut(after, "}")
	if !ok || !isClosed {
		return value
	}
	return before + getenv(name) + expandBraces(rest, getenv)
}

// Warnings returns the warnings that the embedded router would have with a profile, and as an
// error the reason why it would not start. It returns nothing when another program is the
// router. Faults: those of policy.Plan, credential-missing, settings-invalid,
// setting-unenforced.
func Warnings(cfg *config.Config, profile string, getenv func(string) string) ([]config.Warning, error) {
	if !IsRouted(cfg) {
		return nil, nil
	}
	p, err := Of(cfg, profile, getenv)
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(cfg.Warnings), p.Warnings...), p.Err()
}

// Check is config.Check with the problems that the embedded router would have with each
// profile, and its warnings about the given profile, "" for the default one. A key that does
// not exist yet is a warning.
func Check(path, profile string, getenv func(string) string) (config.Findings, error) {
	e, err := config.Examine(path, getenv)
	if err != nil || len(e.Problems) > 0 || !IsRouted(e.Config) {
		return e.Findings, err
	}
	for _, name := range e.Config.ProfileNames() {
		p, err := preview(e.Config, e.Places, name, getenv)
		if err != nil {
			return e.Findings, err
		}
		addPreview(&e.Findings, p, name == cmp.Or(profile, e.Config.DefaultProfile()))
	}
	return e.Findings, nil
}

// addPreview adds a profile's problems to f, and its warnings if withWarnings is true.
func addPreview(f *config.Findings, p Preview, withWarnings bool) {
	for _, problem := range p.Problems {
		switch {
		case strings.HasPrefix(problem.Code, "credential-"):
			w := config.Warning{Code: problem.Code, File: problem.File, Path: problem.Path, Line: problem.Line,
				Column: problem.Column, Message: problem.Message}
			if !slices.Contains(f.Warnings, w) {
				f.Warnings = append(f.Warnings, w)
			}
		case !slices.Contains(f.Problems, problem):
			f.Problems = append(f.Problems, problem)
		}
	}
	if withWarnings {
		f.Warnings = append(f.Warnings, p.Warnings...)
	}
}
