package extract

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// checkMeaning returns an error unless the new text differs from before only by references in the place of keys:
// with the keys in their place again, each profile over litellm_base is what it was. known has the names of the
// credentials that were there, by their keys.
func checkMeaning(before *config.Config, x rewrite.Extraction, known map[string]string, path string,
	getenv func(string) string) error {
	after, err := config.LoadText(path, x.Text, getenv)
	if err != nil {
		return err
	}
	keys := map[string]string{} // by names
	for key, name := range known {
		keys[name] = key
	}
	for _, s := range x.Secrets {
		if after.Credentials[s.Name].File == "" {
			return fmt.Errorf("the credential %s would not be read", s.Name)
		}
		keys[s.Name] = s.Value
	}
	for _, profile := range before.ProfileNames() {
		was, err := policy.Merged(before, profile)
		if err != nil {
			return err
		}
		is, err := policy.Merged(after, profile)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(putBack(is, keys), putBack(was, keys)) {
			return fmt.Errorf("the profile %s would mean something else", profile)
		}
	}
	if !reflect.DeepEqual(withoutSettings(before, keys), withoutSettings(after, keys)) {
		return fmt.Errorf("something else would change too")
	}
	return nil
}

// withoutSettings returns a configuration without what may differ when keys are moved.
func withoutSettings(cfg *config.Config, keys map[string]string) config.Config {
	rest := *cfg
	rest.Base, rest.Profiles, rest.Warnings, rest.Credentials = nil, nil, nil, map[string]config.Credential{}
	for name, c := range cfg.Credentials {
		if _, isMoved := keys[name]; !isMoved {
			rest.Credentials[name] = c
		}
	}
	return rest
}

// putBack returns a copy of v in which keys stand in the place of the references to them.
func putBack(v any, keys map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			text, _ := inner.(string)
			target, isRef := strings.CutSuffix(name, "_ref")
			if key, isKnown := keys[text]; isRef && isKnown {
				out[target] = key
				continue
			}
			out[name] = putBack(inner, keys)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = putBack(inner, keys)
		}
		return out
	}
	return v
}

// findUnreferable returns a problem for each key in the environment of a service: that has no references to
// credentials.
func findUnreferable(path string, cfg *config.Config, root *yamlnode.Node) []yamlnode.Problem {
	d := yamlnode.NewDiagnosis(path)
	d.Code = "secret-unmovable"
	for _, svc := range cfg.Services {
		for name, value := range svc.Env {
			rest := os.Expand(value, func(string) string { return "" })
			rest = strings.ReplaceAll(rest, "://:@", "://") // of an address whose user and password are references
			redact.FindWritten(map[string]any{name: rest}, "services."+svc.Name+".env", func(at string) {
				d.Add(root.PosOf("services", svc.Name, "env", name), at, "write ${NAME}, and set NAME where FlowGate is started",
					"the environment of a service takes keys from variables only")
			})
		}
	}
	return d.SortedProblems()
}
