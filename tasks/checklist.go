package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
)

// listChecks runs a target that lists the checks of another one.
func listChecks(ctx context.Context, command string, explainAll func() checks.Explanations) error {
	return runBriefly(ctx, command, func(_ context.Context, s session) (any, error) {
		list := explainAll()
		for _, e := range list.Checks {
			s.writeIfLive(e.ID, "    "+e.Title)
		}
		return list, nil
	})
}

// explainCheck runs a target that explains one check.
func explainCheck(
	ctx context.Context, command, id string, explain func(id string) (checks.Explanation, error),
) error {
	return runBriefly(ctx, command, func(_ context.Context, s session) (any, error) {
		e, err := explain(id)
		s.writeIfLive(e.Title, "", e.About)
		return dataOrError(e, err)
	})
}
