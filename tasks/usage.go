package tasks

import (
	"context"
	"io"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/router/route"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
)

// Usage holds the targets of the usage ledger.
type Usage mg.Namespace

// Report sums requests, tokens and costs by client, model, account, deployment, session or day.
func (Usage) Report(
	ctx context.Context, by *string, since *string, until *string, client *string, session *string, ledgers *string,
) error {
	query := usageQuery(since, until, client, session)
	query.Ledgers = deref(ledgers)
	return runOnUsage(ctx, "usage:report", func(_ io.Writer, cfg *config.Config) (any, error) {
		return dataOrError(summary.Read(cfg, query, deref(by), time.Now()))
	})
}

// Export prints the rows of the usage ledger as csv or jsonl.
func (Usage) Export(
	ctx context.Context, as *string, since *string, until *string, client *string, session *string, ledgers *string,
) error {
	query := usageQuery(since, until, client, session)
	query.Ledgers = deref(ledgers)
	return runOnUsage(ctx, "usage:export", func(stdout io.Writer, cfg *config.Config) (any, error) {
		return nil, summary.Export(cfg, query, deref(as), time.Now(), stdout)
	})
}

// Gate fails when more was spent or used than it allows: for cron and CI.
func (Usage) Gate(
	ctx context.Context, maxCost *string, maxTokens *string, within *string, client *string, ledgers *string,
) error {
	query := summary.Query{Client: deref(client), Ledgers: deref(ledgers)}
	limits, err := summary.ParseLimits(deref(maxCost), deref(maxTokens), deref(within))
	return runOnUsage(ctx, "usage:gate", func(_ io.Writer, cfg *config.Config) (any, error) {
		if err != nil {
			return nil, err
		}
		g, err := summary.HoldAgainst(cfg, limits, query, time.Now())
		return g, err
	})
}

// Forget deletes rows of the usage ledger by client, session or time, also while the router runs.
func (Usage) Forget(ctx context.Context, client *string, session *string, since *string, until *string) error {
	query := usageQuery(since, until, client, session)
	return runChanging(ctx, "usage:forget", forgetUsage(query))
}

// Prices shows where the prices of models come from; -from replaces them by LiteLLM's newer table.
func (Usage) Prices(ctx context.Context, from *string) error {
	if from == nil {
		return runOnUsage(ctx, "usage:prices", func(_ io.Writer, cfg *config.Config) (any, error) {
			return dataOrError(summary.ShowPrices(cfg))
		})
	}
	return runChanging(ctx, "usage:prices", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(summary.UpdatePrices(ctx, cfg, *from, time.Now()))
	})
}

// Requests shows the last requests: who, what, where, how fast, why they failed; -follow waits for further ones.
func Requests(ctx context.Context, n *int, follow *bool) error {
	return runReadingLong(ctx, "requests", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.checkMayRead(cfg, cfg.Paths.Usage()); err != nil {
			return nil, err
		}
		if !deref(follow) {
			return dataOrError(summary.Last(cfg, lineLimit(n, nil)))
		}
		return emitLines(ctx, s, true, func([]summary.Line) any { return nil },
			func(ctx context.Context, emit func(summary.Line) error) error {
				return summary.Follow(ctx, cfg, lineLimit(n, nil), route.SleepOnTimer,
					func(row ledger.Row) error { return emit(summary.Line{Row: row}) })
			})
	})
}

// usageQuery returns what the flags ask for.
func usageQuery(since, until, client, session *string) summary.Query {
	return summary.Query{Since: deref(since), Until: deref(until), Client: deref(client), Session: deref(session)}
}

// forgetUsage returns the work of usage:forget.
func forgetUsage(query summary.Query) func(context.Context, session, *config.Config) (any, error) {
	return func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(summary.Forget(cfg, query, time.Now()))
	}
}

// runOnUsage runs a target that reads the usage ledger. What work writes to stdout takes the
// place of the report; work then returns nothing.
func runOnUsage(
	ctx context.Context,
	command string,
	work func(stdout io.Writer, cfg *config.Config) (any, error),
) error {
	return runReading(ctx, command, func(_ context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.checkMayRead(cfg, cfg.Paths.Usage()); err != nil {
			return nil, err
		}
		data, err := work(s.out.Stdout, cfg)
		s.out.Quiet = data == nil && err == nil
		return data, err
	})
}
