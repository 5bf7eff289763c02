package page_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/page"
)

// TestASourceIsAskedAgainWhenWhatItSaidIsOld counts how often each source is asked, at some moments
// after the first time. Before it, the clock was set back.
func TestASourceIsAskedAgainWhenWhatItSaidIsOld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		after                 time.Duration
		stack, usage, examine int32
	}{
		{0, 1, 1, 1}, {time.Second - 1, 1, 1, 1}, {time.Second, 2, 1, 1}, {3*time.Second - 1, 2, 1, 1},
		{3 * time.Second, 2, 2, 1},
		{time.Minute - 1, 2, 2, 1}, {time.Minute, 2, 2, 2}, {-1, 2, 2, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			var stack, usage, examine atomic.Int32
			now := time.Now()
			p := page.New(page.Sources{Now: func() time.Time { return now }, Program: "mage",
				Stack:   func(context.Context) (page.Stack, error) { stack.Add(1); return page.Stack{}, nil },
				Usage:   func(context.Context) (page.Usage, error) { usage.Add(1); return page.Usage{}, nil },
				Examine: func(context.Context) ([]report.Result, error) { examine.Add(1); return nil, nil }})
			defer p.Close()
			p.Gather()
			synctest.Wait()
			now = now.Add(c.after)
			p.Gather()
			synctest.Wait()
			if got := [...]int32{stack.Load(), usage.Load(), examine.Load()}; got != [...]int32{c.stack, c.usage, c.examine} {
				t.Errorf("after %s: %v", c.after, got)
			}
		})
	}
}

func TestChecksAndChangesAreMadeOneAtATimeAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, examined, set atomic.Int32
		let := make(chan struct{})
		p := page.New(page.Sources{Now: time.Now, Program: "mage",
			Stack: func(context.Context) (page.Stack, error) {
				asked.Add(1)
				return page.Stack{Profiles: []string{"cost"}}, nil
			},
			Examine:    func(context.Context) ([]report.Result, error) { examined.Add(1); <-let; return nil, nil },
			SetProfile: func(context.Context, string) (string, error) { set.Add(1); <-let; return "", nil }})
		defer p.Close()
		for i := range int32(2) {
			go p.Examine()
			go p.Switch("cost")
			synctest.Wait()
			p.Examine()
			p.Switch("cost")
			synctest.Wait()
			if examined.Load() != i+1 || set.Load() != i+1 {
				t.Errorf("%d checks and %d changes at once", examined.Load(), set.Load())
			}
			for range 2 {
				let <- struct{}{}
			}
			synctest.Wait()
		}
		before := asked.Load()
		p.Gather() // what the stack said before the change is not old, but wrong
		if asked.Load() != before+1 {
			t.Errorf("the stack was asked %d times after the change", asked.Load()-before)
		}
		p.Switch("unknown")
		if set.Load() != 2 {
			t.Error("an unknown profile was put in force")
		}
	})
}

// TestALivePageGetsWhatChangedAndNothingElse reads the events of a page whose profile changes after
// 21 s by itself, and after 30.5 s by the page, which all pages show at once.
func TestALivePageGetsWhatChangedAndNothingElse(t *testing.T) {
	t.Parallel()
	var profile atomic.Value
	profile.Store("balanced")
	sources := page.Sources{Now: time.Now, Program: "mage",
		Stack: func(context.Context) (page.Stack, error) {
			return page.Stack{Profile: profile.Load().(string), Profiles: []string{"balanced", "cost"}}, nil
		},
		Usage:      func(context.Context) (page.Usage, error) { return page.Usage{}, nil },
		SetProfile: func(_ context.Context, name string) (string, error) { profile.Store(name); return "", nil }}
	inMemoryWith(t, sources, func(t *testing.T, p *page.Server, conn net.Conn) {
		request := "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + p.NewSession() + "\r\n\r\n"
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		begun, lines := time.Now(), bufio.NewScanner(conn)
		lines.Buffer(nil, 1<<20)
		time.AfterFunc(21*time.Second, func() { profile.Store("cost") })
		time.AfterFunc(30500*time.Millisecond, func() { p.Switch("balanced") })
		got := map[time.Duration][]string{}
		for time.Since(begun) < 50*time.Second && lines.Scan() {
			if _, data, ok := strings.Cut(lines.Text(), "event: "); ok {
				got[time.Since(begun)] = append(got[time.Since(begun)], data)
			} else if _, name, ok := strings.Cut(lines.Text(), `data: {"id":"`); ok {
				name, _, _ = strings.Cut(name, `"`)
				at := got[time.Since(begun)]
				at[len(at)-1] = name
			}
		}
		want := strings.Fields("summary problems services profile quota accounts usage events series")
		if !slices.Equal(got[0], want) {
			t.Errorf("at first %q, want %q", got[0], want)
		}
		delete(got, 0)
		for at, parts := range got {
			if at != 22*time.Second && at != 30500*time.Millisecond || slices.Contains(parts, "series") ||
				slices.Contains(parts, "events") {
				t.Errorf("after %s: %q", at, parts)
			}
		}
		if len(got) != 2 || !slices.Contains(got[22*time.Second], "profile") {
			t.Errorf("%q", got)
		}
	})
}
