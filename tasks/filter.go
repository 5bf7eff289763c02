package tasks

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Filter applies the jq expression EXPR to each JSON document on stdin, or with -slurp to their list; it needs no jq.
func Filter(ctx context.Context, expr string, slurp *bool) error {
	return runFilter(ctx, expr, deref(slurp))
}

// runFilter prints the values of expr in place of a report; it prints a report only when it fails.
func runFilter(ctx context.Context, expr string, slurp bool) error {
	exit := error(nil)
	err := run(ctx, "filter", func(ctx context.Context, s session) (any, error) {
		f, err := report.CompileFilter(expr)
		if err != nil {
			return nil, err
		}
		s.out.Filter = nil
		err = filterStream(ctx, s.out, f, bufio.NewReader(s.stdin), slurp)
		if errors.Is(err, report.ErrNoOutput) {
			if s.out.ExitByFilter {
				exit = &report.Exit{Status: fault.ExitFailed, Message: err.Error()}
			}
			err = nil
		}
		s.out.Quiet = err == nil
		return nil, err
	})
	if err == nil {
		return exit
	}
	return err
}

// filterStream prints the values of f for each document of in, or with slurp for the list of
// all. Its error is that of the last document: report.ErrNoOutput does not end the stream.
func filterStream(ctx context.Context, out *report.Output, f *report.Filter, in io.Reader, slurp bool) error {
	d := json.NewDecoder(in)
	all := []any{}
	last := report.ErrNoOutput
	for n := 1; ; n++ {
		doc, err := report.Decode(d)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault.Usage("input-invalid", "stdin: document %d at byte %d is not JSON: %w", n, d.InputOffset(), err).
				WithHint("filter reads JSON documents one after the other: pipe a target, or curl, into it")
		}
		if slurp {
			all = append(all, doc)
			continue
		}
		if last = f.Print(ctx, out.Stdout, doc, out.Raw, out.Indent); last != nil && !errors.Is(last, report.ErrNoOutput) {
			return last
		}
	}
	if slurp {
		last = f.Print(ctx, out.Stdout, all, out.Raw, out.Indent)
	}
	return last
}
