package doctor

import (
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
)

// Explanation is what people should know of a check.
type Explanation struct {
	ID    string   `json:"id"`
	Title string   `json:"title"` // what holds when it passes
	About string   `json:"about"` // what it looks at, why, and how to mend it
	Needs []string `json:"needs"` // checks without which it is skipped
	Mends bool     `json:"mends"` // -fix can mend what it finds
}

// Explanations is the data of doctor:list.
type Explanations struct {
	Checks []Explanation `json:"checks"`
}

// Explain returns what to know of the check with that ID. Fault: check-unknown.
func Explain(id string) (Explanation, error) { return ExplainOf(List(), id) }

// ExplainOf is Explain for another list of checks.
func ExplainOf(list []checks.Check, id string) (Explanation, error) {
	c, ok := lo.Find(list, func(c checks.Check) bool { return c.ID == id })
	if !ok {
		return Explanation{}, checks.Unknown(list, id)
	}
	return explain(c, 0), nil
}

// ExplainAll returns the explanations of all checks in the order of List.
func ExplainAll() Explanations { return ExplainList(List()) }

// ExplainList is ExplainAll for another list of checks.
func ExplainList(list []checks.Check) Explanations {
	return Explanations{lo.Map(list, explain)}
}

func explain(c checks.Check, _ int) Explanation {
	return Explanation{c.ID, c.Title, c.About, append([]string{}, c.Needs...), c.Mend != nil}
}
