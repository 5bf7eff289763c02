package memory_test

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/flowgate-go/flowgate/internal/router/memory"
)

// newLoan makes a loan of a budget with that limit, in bytes.
func newLoan(limit int64) (*memory.Budget, *memory.Loan) {
	b, l := &memory.Budget{}, &memory.Loan{}
	b.SetLimit(limit)
	l.Reset(b)
	return b, l
}

func TestABodyIsReadWholeWhateverLengthWasAnnounced(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, memory.FirstRead, memory.FirstRead + 1, 100_000, 300_000} {
		text := strings.Repeat("x", length)
		for _, announced := range []int64{-1, int64(length), int64(length) - 1, int64(length) + 1, 1 << 20} {
			for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "in halves": iotest.HalfReader(strings.NewReader(text)),
				"end with data": iotest.DataErrReader(strings.NewReader(text))} {
				budget, loan := newLoan(4 << 20)
				got, err := loan.ReadAll(nil, r, announced, 1<<20)
				if err != nil || string(got) != text {
					t.Errorf("%d bytes, %d announced, %s: got %d, %v", length, announced, name, len(got), err)
				}
				if held := budget.Held(); held < int64(cap(got)) && length > 0 {
					t.Errorf("%d bytes, %d announced, %s: %d are counted, and the buffer has %d", length, announced, name, held, cap(got))
				}
				if loan.GiveBack(); budget.Held() != 0 {
					t.Errorf("%d bytes are still counted", budget.Held())
				}
			}
		}
	}
}

func TestABodyEndsOneByteBehindItsLimit(t *testing.T) {
	t.Parallel()
	_, loan := newLoan(1 << 30)
	got, err := loan.ReadAll(nil, strings.NewReader(strings.Repeat("x", 10_000)), -1, 5_000)
	if err != nil || len(got) != 5_001 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestAnAnnouncedLengthAllocatesLittle(t *testing.T) {
	t.Parallel()
	_, loan := newLoan(2 << 30)
	got, err := loan.ReadAll(nil, strings.NewReader("short"), 1<<30, 1<<30)
	if err != nil || string(got) != "short" || cap(got) > 300<<10 {
		t.Errorf("%q in a buffer of %d bytes, %v", got, cap(got), err)
	}
}

func TestABodyBeyondTheBudgetIsRefusedAndNothingStaysCounted(t *testing.T) {
	t.Parallel()
	budget, loan := newLoan(50_000)
	for _, announced := range []int64{-1, 200_000} {
		_, err := loan.ReadAll(nil, strings.NewReader(strings.Repeat("x", 200_000)), announced, 1<<20)
		if !errors.Is(err, memory.ErrExhausted) {
			t.Errorf("%d announced: %v", announced, err)
		}
		if loan.GiveBack(); budget.Held() != 0 {
			t.Errorf("%d bytes are still counted", budget.Held())
		}
	}
	if err := loan.Take(50_000); err != nil {
		t.Errorf("what was refused takes room: %v", err)
	}
	if err := loan.Take(1); !errors.Is(err, memory.ErrExhausted) {
		t.Errorf("one byte too many: %v", err)
	}
	loan.Release(1 << 40) // no more than it has
	if held := budget.Held(); held != 0 {
		t.Errorf("%d bytes are counted after more were released than taken", held)
	}
}

func TestManyLoansTogetherStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	const limit, piece = 1_000, 100
	budget := &memory.Budget{}
	budget.SetLimit(limit)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			var loan memory.Loan
			loan.Reset(budget)
			for range 200 {
				if loan.Take(piece) != nil {
					loan.GiveBack()
				}
			}
			loan.GiveBack()
		})
	}
	group.Wait()
	if held := budget.Held(); held != 0 {
		t.Errorf("%d bytes are counted in the end", held)
	}
}
