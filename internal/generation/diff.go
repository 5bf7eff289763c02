package generation

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Difference lists what differs between two generations.
type Difference struct {
	From    int      `json:"from"`
	To      int      `json:"to"`
	Changes []Change `json:"changes"`
}

// Change is one difference.
type Change struct {
	What string   `json:"what"` // profile, a service's runtime, or a part
	From string   `json:"from,omitempty"`
	To   string   `json:"to,omitempty"`
	Diff []string `json:"diff,omitempty"` // unified, of a part's texts without their secrets
}

// Diff returns the differences between the generations a and b. Faults: those of Find.
func Diff(root string, a, b int) (Difference, error) {
	d := Difference{From: a, To: b, Changes: []Change{}}
	from, err := Find(root, a)
	if err != nil {
		return d, err
	}
	to, err := Find(root, b)
	if err != nil {
		return d, err
	}
	if from.Profile != to.Profile {
		d.Changes = append(d.Changes, Change{What: "profile", From: from.Profile, To: to.Profile})
	}
	for _, r := range to.Runtimes {
		i := slices.IndexFunc(from.Runtimes, func(o Runtime) bool { return o.Service == r.Service })
		if i < 0 || from.Runtimes[i] != r {
			c := Change{What: "runtime of " + r.Service, To: r.Runtime + " " + r.Version}
			if i >= 0 {
				c.From = from.Runtimes[i].Runtime + " " + from.Runtimes[i].Version
			}
			d.Changes = append(d.Changes, c)
		}
	}
	for _, part := range [...]string{PartConfig, PartProxy, PartActive} {
		if from.Digests[part] == to.Digests[part] {
			continue
		}
		before, _ := from.ReadPart(root, part) // Find has checked it; a missing part is empty
		after, _ := to.ReadPart(root, part)
		text := diff.Diff(part+".yaml", before.Text, part+".yaml", after.Text)
		d.Changes = append(d.Changes, Change{What: part, From: from.Digests[part], To: to.Digests[part],
			Diff: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")})
	}
	return d, nil
}
