package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor"
)

// breakage is one thing that is broken in a healthy installation.
type breakage struct {
	check   string                // the check that has to complain
	how     string                // what is broken, for the matrix in docs/runbook.md
	from    func(*stack)          // makes the healthy installation out of a fresh one; nil: the stack runs
	harm    func(*stack) func()   // breaks it; what it returns carries out the fix by hand, where nothing else does
	command bool                  // the command of the fix mends it
	also    []string              // checks that rightly complain of the same thing
	fix     string                // what the fix has to say
	flags   []string              // of every examination
	needs   func(*testing.T) bool // the right that it takes, of package rights
}

func TestEachBreakageIsFoundByItsCheckAndMendedByItsFix(t *testing.T) {
	t.Parallel()
	for _, b := range breakages() {
		t.Run(b.check, func(t *testing.T) {
			t.Parallel()
			if b.needs != nil && !b.needs(t) {
				return
			}
			s := newStack(t)
			if b.from == nil {
				b.from = startStack
			}
			b.from(s)
			if e := s.doctor(b.flags...); len(e.complaints()) > 0 || !e.OK || e.find(b.check).Status == "" {
				t.Fatalf("before: %v %+v", e.complaints(), e.Error)
			}
			byHand := b.harm(s)
			broken := s.doctor(b.flags...)
			want := append([]string{b.check}, b.also...)
			slices.Sort(want)
			if got := broken.complaints(); !slices.Equal(got, want) {
				t.Fatalf("%s: complaints of %v, want %v; %s", b.how, got, want, broken.find(b.check).Detail)
			}
			found := broken.find(b.check)
			if !strings.Contains(found.Fix.Command+" "+found.Fix.Text, b.fix) || found.Fix.Text == "" {
				t.Errorf("the fix is %+v, want %q", found.Fix, b.fix)
			}
			s.mend(b, found, byHand)
			if e := s.doctor(b.flags...); len(e.complaints()) > 0 || !e.OK {
				t.Fatalf("after the fix: %v: %s", e.complaints(), e.find(b.check).Detail)
			}
		})
	}
}

// mend carries the fix out.
func (s *stack) mend(b breakage, found finding, byHand func()) {
	s.t.Helper()
	switch {
	case b.command:
		s.shell(found.Fix.Command)
	case findExplanation(s.t, b.check).Mends:
		first := s.doctor(append(b.flags, "-fix")...)
		if len(first.find(b.check).Mended) == 0 || first.find(b.check).Status != "pass" {
			s.t.Fatalf("-fix: %+v", first.find(b.check))
		}
		for _, f := range s.doctor(append(b.flags, "-fix")...).Checks {
			if len(f.Mended) > 0 {
				s.t.Errorf("-fix again: %s says it %v", f.ID, f.Mended)
			}
		}
	default:
		byHand()
	}
}

func findExplanation(t testing.TB, id string) checks.Explanation {
	t.Helper()
	e, err := doctor.Explain(id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEveryCheckIsBrokenOnce(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, b := range breakages() {
		if broken[b.check] {
			t.Errorf("%s is broken twice", b.check)
		}
		broken[b.check] = true
	}
	for _, c := range doctor.List() {
		if !broken[c.ID] {
			t.Errorf("no test breaks what %s looks at", c.ID)
		}
		delete(broken, c.ID)
	}
	for id := range broken {
		t.Errorf("there is no check %s", id)
	}
}
