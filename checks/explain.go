package checks

import (
	"io/fs"
	"strings"

	"github.com/samber/lo"
)

// Explanation is what people should know of a check.
type Explanation struct {
	ID    string   `json:"id"`
	Title string   `json:"title"` // what holds when it passes
	About string   `json:"about"` // what it looks at, why, and how to fix what it finds
	Needs []string `json:"needs"` // checks without which it is skipped
	Mends bool     `json:"mends"` // -fix can fix what it finds
}

// Explanations is the data of doctor:list and security:list.
type Explanations struct {
	Checks []Explanation `json:"checks"`
}

// Explain returns the explanation of the check of the list with that ID. Its
// text is the file ID.md in the first folder of about that has it. It panics when
// none of them has it. Fault: check-unknown.
func Explain(list []Check, id string, about ...fs.FS) (Explanation, error) {
	c, ok := lo.Find(list, func(c Check) bool { return c.ID == id })
	if !ok {
		return Explanation{}, Unknown(list, id)
	}
	return explain(c, about), nil
}

// ExplainAll returns the explanations of all checks of the list, in its order.
func ExplainAll(list []Check, about ...fs.FS) Explanations {
	return Explanations{lo.Map(list, func(c Check, _ int) Explanation { return explain(c, about) })}
}

// explain returns the explanation of one check.
func explain(c Check, about []fs.FS) Explanation {
	return Explanation{c.ID, c.Title, readAbout(c.ID, about), append([]string{}, c.Needs...), c.Mend != nil}
}

// readAbout returns the paragraph in the file ID.md on one line.
func readAbout(id string, about []fs.FS) string {
	for _, files := range about {
		if text, err := fs.ReadFile(files, id+".md"); err == nil {
			return strings.Join(strings.Fields(string(text)), " ")
		}
	}
	panic("no file explains the check " + id)
}
