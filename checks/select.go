package checks

import (
	"path"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Select returns the checks whose ID matches one of the globs in only (all when
// it is empty) and none of those in skip; both are comma-separated, with * for
// any run of characters. What a chosen check needs is chosen with it, unless
// skip leaves it out: then the need is dropped. Fault: check-unknown when a glob
// matches nothing.
func Select(list []Check, only, skip string) ([]Check, error) {
	wanted, err := matchIDs(list, only, "only")
	if err != nil {
		return nil, err
	}
	unwanted, err := matchIDs(list, skip, "skip")
	if err != nil {
		return nil, err
	}
	keep := map[string]bool{}
	for _, c := range slices.Backward(list) { // a need is listed before the check that needs it
		if unwanted[c.ID] || only != "" && !wanted[c.ID] && !keep[c.ID] {
			continue
		}
		keep[c.ID] = true
		for _, id := range c.Needs {
			keep[id] = !unwanted[id]
		}
	}
	kept := lo.Filter(list, func(c Check, _ int) bool { return keep[c.ID] })
	isKept := func(id string, _ int) bool { return keep[id] }
	for i := range kept {
		kept[i].Needs, kept[i].After = lo.Filter(kept[i].Needs, isKept), lo.Filter(kept[i].After, isKept)
	}
	return kept, nil
}

// matchIDs returns the IDs that the globs of a flag match.
func matchIDs(list []Check, globs, flag string) (map[string]bool, error) {
	found := map[string]bool{}
	if globs == "" {
		return found, nil
	}
	for glob := range strings.SplitSeq(globs, ",") {
		glob = strings.TrimSpace(glob)
		matched := false
		for _, c := range list {
			ok, err := path.Match(glob, c.ID) // an ID holds no slash, so * matches any run
			if err != nil {
				return nil, fault.Usage("check-unknown", "-%s=%s: %q is not a glob: %w", flag, globs, glob, err).
					WithHint("* stands for any characters, as in -%s='ports.*'", flag)
			}
			found[c.ID] = found[c.ID] || ok
			matched = matched || ok
		}
		if !matched {
			return nil, Unknown(list, glob).WithHint("-%s takes IDs and globs; %s", flag, formHint(list, glob))
		}
	}
	return found, nil
}

// Unknown returns the fault check-unknown for an ID that no check of the list has.
func Unknown(list []Check, id string) *fault.Error {
	return fault.Usage("check-unknown", "there is no check %q", id).WithHint("%s", formHint(list, id))
}

// formHint returns a hint for an ID that no check has: the nearest ID, or the groups of
// checks.
func formHint(list []Check, id string) string {
	ids := lo.Map(list, func(c Check, _ int) string { return c.ID })
	if hint := suggest.Hint(id, ids); hint != "" {
		return hint
	}
	groups := lo.Uniq(
		lo.Map(ids, func(id string, _ int) string { group, _, _ := strings.Cut(id, "."); return group + ".*" }),
	)
	return "there are " + strings.Join(groups, ", ")
}
