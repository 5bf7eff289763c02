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

// Change is one setting that two profiles have differently.
type Change struct {
	Path string `json:"path"` // dotted; deployments as model_list.GROUP[INDEX]
	From any    `json:"from"` // nil where the setting is missing
	To   any    `json:"to"`
}

// Diff compares what profiles a and b make of the configuration, before
// credentials are resolved, in the order of paths. Lists are compared whole,
// but for model_list, which is compared deployment by deployment within each
// group. Secrets are shortened, so two inline keys with the same last four
// characters look alike but are still listed.
func Diff(cfg *config.Config, a, b string) ([]Change, error) {
	from, err := Merged(cfg, a)
	if err != nil {
		return nil, err
	}
	to, err := Merged(cfg, b)
	if err != nil {
		return nil, err
	}
	return compare(groupDeployments(from), groupDeployments(to), nil, []Change{}), nil
}

// compare appends the differences between two maps.
func compare(from, to map[string]any, keys []string, changes []Change) []Change {
	both := maps.Clone(from)
	if both == nil {
		both = map[string]any{}
	}
	maps.Copy(both, to)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		at := append(slices.Clone(keys), key)
		a, inA := from[key]
		b, inB := to[key]
		left, leftMap := a.(map[string]any)
		right, rightMap := b.(map[string]any)
		switch {
		case leftMap && rightMap:
			changes = compare(left, right, at, changes)
		case inA != inB || !reflect.DeepEqual(a, b):
			changes = append(changes, Change{strings.Join(at, "."), redactSetting(key, a), redactSetting(key, b)})
		}
	}
	return changes
}

// redactSetting returns value without secrets, judged by the name of its key.
func redactSetting(key string, value any) any {
	return redact.Keys(map[string]any{key: value}).(map[string]any)[key]
}

// groupDeployments makes model_list a map with keys GROUP[INDEX].
func groupDeployments(c map[string]any) map[string]any {
	list, ok := c["model_list"].([]any)
	if !ok {
		return c
	}
	seen := map[string]int{}
	deployments := make(map[string]any, len(list))
	for _, entry := range list {
		deployment, _ := entry.(map[string]any)
		group := fmt.Sprint(deployment["model_name"])
		deployments[fmt.Sprintf("%s[%d]", group, seen[group])] = entry
		seen[group]++
	}
	out := maps.Clone(c)
	out["model_list"] = deployments
	return out
}
