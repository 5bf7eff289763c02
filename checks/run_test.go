package checks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/report"
)

func pass(context.Context) checks.Outcome { return checks.Passed(nil) }

func statuses(results []report.Result) string {
	return strings.Join(lo.Map(results, func(r report.Result, _ int) string { return r.ID + "=" + string(r.Status) }), " ")
}

func TestResultsComeInTheOrderOfTheListAndAreEmittedAsTheyFinish(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	list := []checks.Check{
		{ID: "slow", Run: func(context.Context) checks.Outcome { <-release; return checks.Passed(nil) }},
		{ID: "fast", Run: pass},
	}
	var emitted []string
	results := checks.Run(t.Context(), list, checks.Options{Emit: func(r report.Result) {
		emitted = append(emitted, r.ID)
		if r.ID == "fast" {
			close(release)
		}
	}})
	if got := statuses(results); got != "slow=pass fast=pass" || !slices.Equal(emitted, []string{"fast", "slow"}) {
		t.Fatalf("results %s, emitted %v", got, emitted)
	}
}

func TestACheckWhoseNeedFailedIsSkippedWithTheReason(t *testing.T) {
	t.Parallel()
	list := []checks.Check{
		{ID: "a", Run: func(context.Context) checks.Outcome { return checks.Failed("broken") }},
		{ID: "b", Needs: []string{"a"}, Run: pass},
		{ID: "c", Needs: []string{"b"}, Run: pass},
		{ID: "d", After: []string{"a", "c"}, Run: pass},
		{ID: "e", Run: func(context.Context) checks.Outcome { return checks.Outcome{Status: report.Warn} }},
		{ID: "f", Needs: []string{"e"}, Run: pass},
	}
	results := checks.Run(t.Context(), list, checks.Options{})
	if got := statuses(results); got != "a=fail b=skip c=skip d=pass e=warn f=pass" {
		t.Fatal(got)
	}
	if why := results[1].Detail.(checks.Note).Reason(); why != "a did not pass" {
		t.Fatal(why)
	}
	if why := results[2].Detail.(checks.Note).Reason(); why != "b was skipped" {
		t.Fatal(why)
	}
}

func TestACheckThatPanicsHasFailedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	results := checks.Run(t.Context(), []checks.Check{
		{ID: "a", Run: func(context.Context) checks.Outcome { panic("oops") }},
		{ID: "b", Run: pass},
	}, checks.Options{})
	if got := statuses(results); got != "a=fail b=pass" ||
		!strings.Contains(results[0].Detail.(checks.Note).Text, "oops") {
		t.Fatalf("%s: %+v", got, results[0])
	}
}

func TestACheckThatHangsFailsAtItsTimeoutEvenIfItIgnoresItsContext(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	defer close(block)
	results := checks.Run(t.Context(), []checks.Check{
		{ID: "hang", Timeout: 10 * time.Millisecond,
			Run: func(context.Context) checks.Outcome { <-block; return checks.Passed(nil) }},
	}, checks.Options{})
	if why := results[0].Detail.(checks.Note).Text; results[0].Status != report.Fail || !strings.Contains(why, "10ms") {
		t.Fatalf("%+v", results[0])
	}
}

func TestNoMoreChecksThanAllowedRunAtOnce(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	list := lo.Times(20, func(i int) checks.Check {
		return checks.Check{ID: fmt.Sprint(i), Run: func(context.Context) checks.Outcome {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Millisecond) // long enough for the others to come in if they may
			now.Add(-1)
			return checks.Passed(nil)
		}}
	})
	checks.Run(t.Context(), list, checks.Options{Parallel: 3})
	if most.Load() != 3 {
		t.Fatalf("%d at once", most.Load())
	}
}

func TestAnInterruptedRunStillReportsEveryCheck(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	list := []checks.Check{
		{ID: "a", Run: func(ctx context.Context) checks.Outcome { cancel(); <-ctx.Done(); return checks.Skipped("interrupted") }},
		{ID: "b", Needs: []string{"a"}, Run: pass},
	}
	if got := statuses(checks.Run(ctx, list, checks.Options{})); got != "a=skip b=skip" {
		t.Fatal(got)
	}
}

func TestANeedThatIsNotListedBeforeIsAMistakeOfTheProgram(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	checks.Run(t.Context(), []checks.Check{{ID: "a", Needs: []string{"b"}, Run: pass}, {ID: "b", Run: pass}},
		checks.Options{})
}

func BenchmarkIndependentChecksThatWaitOnTheNetwork(b *testing.B) {
	list := lo.Times(20, func(i int) checks.Check {
		return checks.Check{ID: fmt.Sprint(i), Run: func(context.Context) checks.Outcome {
			time.Sleep(2 * time.Millisecond)
			return checks.Passed(nil)
		}}
	})
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprintf("parallel=%d", n), func(b *testing.B) {
			for b.Loop() {
				checks.Run(b.Context(), list, checks.Options{Parallel: n})
			}
		})
	}
}

func TestMendingExaminesAgainAndSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	broken := true
	list := []checks.Check{
		{
			ID: "a",
			Run: func(context.Context) checks.Outcome {
				if broken {
					return checks.Failed("broken")
				}
				return checks.Passed(nil)
			},
			Mend: func(context.Context) ([]string, error) { broken = false; return []string{"glued it"}, nil },
		},
		{ID: "b", Needs: []string{"a"}, Run: pass, Mend: func(context.Context) ([]string, error) { panic("b is well") }},
	}
	if got := statuses(checks.Run(t.Context(), list, checks.Options{})); got != "a=fail b=skip" {
		t.Fatalf("without leave: %s", got)
	}
	results := checks.Run(t.Context(), list, checks.Options{Mend: true})
	if got := statuses(results); got != "a=pass b=pass" || !slices.Equal(results[0].Mended, []string{"glued it"}) {
		t.Fatalf("%s, mended %v", got, results[0].Mended)
	}
	if again := checks.Run(t.Context(), list, checks.Options{Mend: true}); again[0].Mended != nil {
		t.Fatalf("mended what was well: %v", again[0].Mended)
	}
}

func TestAComplaintStaysWhenMendingFails(t *testing.T) {
	t.Parallel()
	results := checks.Run(t.Context(), []checks.Check{{
		ID:   "a",
		Run:  func(context.Context) checks.Outcome { return checks.Warned("askew").WithFix("mage x", "straighten it") },
		Mend: func(context.Context) ([]string, error) { return []string{"half"}, errors.New("no tool") },
	}}, checks.Options{Mend: true})
	why := results[0].Detail.(checks.Note).Text
	if results[0].Status != report.Warn || why != "askew; fixing it failed: no tool" ||
		results[0].Fix.Command != "mage x" || len(results[0].Mended) != 1 {
		t.Fatalf("%+v", results[0])
	}
}
