package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Change is one setting that differs between two profiles.
type Change struct {
	Path string `json:"path"` // dotted; deployments as model_list.GROUP[INDEX]
	From any    `json:"from"` // nil where the setting is missing
	To   any    `json:"to"`
}

// Diff returns the differences between the configurations that profiles a and b give,
// before credentials are resolved, in the order of their paths. It compares a list as
// one value, except for model_list, whose deployments it compares one by one within each
// group. Secrets are shortened: two keys that look equal then are listed nevertheless.
// Faults: those of Merged.
func Diff(cfg *config.Config, a, b string) ([]Change, error) {
	from, err := Merged(cfg, a)
	if err != nil {
		return nil, err
	}
	to, err := Merged(cfg, b)
	if err != nil {
		return nil, err
	}
	return appendChanges(groupDeployments(from), groupDeployments(to), nil, []Change{}), nil
}

// appendChanges appends the differences between two maps, which are at keys.
func appendChanges(from, to map[string]any, keys []string, changes []Change) []Change {
	union := maps.Clone(from)
	if union == nil {
		union = map[string]any{}
	}
	maps.Copy(union, to)
	for _, key := range slices.Sorted(maps.Keys(union)) {
		path := append(slices.Clone(keys), key)
		a, inA := from[key]
		b, inB := to[key]
		left, leftIsMap := a.(map[string]any)
		right, rightIsMap := b.(map[string]any)
		switch {
		case leftIsMap && rightIsMap:
			changes = appendChanges(left, right, path, changes)
		case inA != inB || !reflect.DeepEqual(a, b):
			changes = append(changes, Change{strings.Join(path, "."), redactSetting(key, a), redactSetting(key, b)})
		}
	}
	return changes
}

// redactSetting returns value with its secrets shortened, as the name of its key requires.
func redactSetting(key string, value any) any {
	return redact.Keys(map[string]any{key: value}).(map[string]any)[key]
}

// groupDeployments returns c with model_list as a map with keys GROUP[INDEX].
func groupDeployments(c map[string]any) map[string]any {
	list, ok := c["model_list"].([]any)
	if !ok {
		return c
	}
	counts := map[string]int{}
	deployments := make(map[string]any, len(list))
	for _, entry := range list {
		deployment, _ := entry.(map[string]any)
		group := fmt.Sprint(deployment["model_name"])
		deployments[fmt.Sprintf("%s[%d]", group, counts[group])] = entry
		counts[group]++
	}
	out := maps.Clone(c)
	out["model_list"] = deployments
	return out
}
