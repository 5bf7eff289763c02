package security

import (
	"github.com/flowgate-go/flowgate/checks"
	shared "github.com/flowgate-go/flowgate/checks/doctor/about"
	"github.com/flowgate-go/flowgate/checks/security/about"
)

// Explain returns the explanation of the check with that ID. Fault: check-unknown.
func Explain(id string) (checks.Explanation, error) {
	return checks.Explain(List(), id, about.Files, shared.Files)
}

// ExplainAll returns the explanations of all checks in the order of List.
func ExplainAll() checks.Explanations { return checks.ExplainAll(List(), about.Files, shared.Files) }
