package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/checks/security"
	"github.com/flowgate-go/flowgate/checks/verify"
)

// Verify runs doctor, security-check and smoke side by side and makes one report of them, for CI jobs.
func Verify(
	ctx context.Context,
	fix *bool,
	strict *bool,
	online *bool,
	history *bool,
	range_ *string,
	baseline *string,
) error {
	return run(ctx, "verify", func(ctx context.Context, s session) (any, error) {
		o, err := doctorOptions(s, nil, nil, fix, strict, online)
		if err != nil {
			return nil, err
		}
		return verify.Run(
			ctx,
			security.Options{Options: o, History: deref(history), Range: deref(range_), Baseline: deref(baseline)},
		)
	})
}
