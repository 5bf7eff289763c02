package drill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/internal/report"
)

// expectComplaint runs doctor on the stack, with -fix when fix is true, and fails unless
// the check id complains with all of the words.
func (s *stack) expectComplaint(ctx context.Context, fix bool, id string, words ...string) error {
	r, err := s.runCheck(ctx, fix, id)
	if err != nil {
		return err
	}
	reason := reasonOf(r)
	if r.Status != report.Fail && r.Status != report.Warn && len(r.Mended) == 0 {
		return fmt.Errorf("doctor does not complain: %s is %s", id, r.Status)
	}
	for _, word := range words {
		if !strings.Contains(reason+strings.Join(r.Mended, "\n"), word) {
			return fmt.Errorf("doctor does not name the cause: %s says %q and not %q", id, reason, word)
		}
	}
	s.noteStep("doctor: %s: %s%s", id, reason, strings.Join(r.Mended, "; "))
	return nil
}

// expectPass fails unless a check of doctor passes.
func (s *stack) expectPass(ctx context.Context, id string) error {
	r, err := s.runCheck(ctx, false, id)
	if err == nil && r.Status != report.Pass {
		err = fmt.Errorf("doctor still says of %s: %s", id, reasonOf(r))
	}
	if err == nil {
		s.noteStep("doctor: %s passes", id)
	}
	return err
}

// runCheck runs doctor on the stack and returns the result of one check.
func (s *stack) runCheck(ctx context.Context, fix bool, id string) (report.Result, error) {
	examined, err := doctor.Run(ctx, doctor.Options{
		File: s.cfg.File, Cwd: s.dir, Self: s.options.Self, Fix: fix,
		Environ: s.options.Environ, Getenv: s.options.Getenv, Now: time.Now,
	})
	if err != nil {
		return report.Result{}, err
	}
	for _, r := range examined.Checks {
		if r.ID == id {
			return r, nil
		}
	}
	return report.Result{}, fmt.Errorf("doctor has no check %s", id)
}

// reasonOf returns the reason of a result; "" when it has none.
func reasonOf(r report.Result) string {
	if reasoned, ok := r.Detail.(report.Reasoned); ok {
		return reasoned.Reason()
	}
	return ""
}

// expectNoComplaint fails unless a check of doctor passes, or finds nothing to judge.
func (s *stack) expectNoComplaint(ctx context.Context, id string) error {
	r, err := s.runCheck(ctx, false, id)
	if err == nil && r.Status != report.Pass && r.Status != report.Skip {
		err = fmt.Errorf("doctor still says of %s: %s", id, reasonOf(r))
	}
	return err
}
