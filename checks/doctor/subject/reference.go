package subject

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Reference is a variable that something in the configuration reads.
type Reference struct {
	Name string `json:"name"`
	Path string `json:"path"` // dotted path of the key that names it
}

// unsetVariables is the detail of the checks about environment variables.
type unsetVariables struct {
	checks.Note
	Unset []Reference `json:"unset"`
}

// ReportUnset fails with the variables that are not set, and passes when there are none.
// The argument what ends the sentence about each of them: "is not set in this environment".
func ReportUnset(unset []Reference, what, fix string) checks.Outcome {
	if len(unset) == 0 {
		return checks.Passed(nil)
	}
	lines := lo.Map(unset, func(r Reference, _ int) string { return r.Name + ", which " + r.Path + " reads, " + what })
	return checks.Failed("").WithDetail(unsetVariables{checks.Notef("%s", strings.Join(lines, "; ")), unset}).
		WithFix("export "+unset[0].Name+"=…", fix)
}

// RouterReferences returns the references os.environ/NAME of the profile in force that
// neither services.litellm.env nor the section environment_variables supplies.
func (s *Subject) RouterReferences() []Reference {
	var all []Reference
	router, _ := s.Config.Service("litellm")
	settings, _ := s.RouterSettings()
	exported := Section(settings, "environment_variables")
	for _, fragment := range []struct {
		path   string
		values map[string]any
	}{{"litellm_base", s.Config.Base}, {"profiles." + s.Profile(), s.Config.Profiles[s.Profile()]}} {
		walkTexts(fragment.values, fragment.path, func(path, value string) {
			name, ok := strings.CutPrefix(value, "os.environ/")
			_, inService := router.Env[name]
			_, inSettings := exported[name]
			if ok && !inService && !inSettings && redact.IsReference(value) {
				all = append(all, Reference{name, path})
			}
		})
	}
	return all
}

// walkTexts calls visit for every text in v with its dotted path, keys in order.
func walkTexts(v any, path string, visit func(path, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walkTexts(v[key], path+"."+key, visit)
		}
	case []any:
		for i, item := range v {
			walkTexts(item, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case string:
		visit(path, v)
	}
}
