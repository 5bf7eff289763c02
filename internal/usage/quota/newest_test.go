package quota_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// window returns a window of five hours that began an hour before now, with a used share.
func window(share float64) quota.Window {
	resets := now.Add(4 * time.Hour)
	return quota.Window{Provider: quota.Codex, Name: "5h", LengthS: 5 * 3600, UsedShare: &share, ResetsAt: &resets}
}

// keepAll keeps one reading of a window every 10 minutes from now, and returns the newest.
func keepAll(t *testing.T, shares ...float64) quota.Seen {
	t.Helper()
	var n quota.Newest
	at := now
	for i, share := range shares {
		at = now.Add(time.Duration(i) * 10 * time.Minute)
		n.Keep("d", "", []quota.Window{window(share)}, at)
	}
	all := n.List(at)
	if len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	return all[0]
}

func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		shares  []float64
		pace    string
		runsOut string // after now; "": not before the window is reset
	}{
		{"the first reply: since the window began", []float64{0.5}, "0.500", "1h0m0s"},
		{"too slow to matter", []float64{0.1}, "0.100", ""},
		{"faster than before", []float64{0.1, 0.2, 0.3}, "0.600", "1h30m0s"},
		{"nothing in this hour", []float64{0.5, 0.5, 0.5}, "0.000", ""},
		{"only the last hour counts", []float64{0, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4}, "0.000", ""},
		{"used up", []float64{0.9, 1.02}, "0.720", ""},
		{"the share shrank: since the window began", []float64{0.8, 0.4}, "0.343", "1h55m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := keepAll(t, c.shares...)
			runsOut := ""
			if got.RunsOutAt != nil {
				runsOut = got.RunsOutAt.Sub(now).String()
			}
			if got.SharePerHour == nil || fmt.Sprintf("%.3f", *got.SharePerHour) != c.pace || runsOut != c.runsOut {
				t.Errorf("pace %v, runs out %q, want %s and %q", *got.SharePerHour, runsOut, c.pace, c.runsOut)
			}
		})
	}
}

func TestAResetBeginsANewPace(t *testing.T) {
	t.Parallel()
	var n quota.Newest
	n.Keep("d", "", []quota.Window{window(0.9)}, now)
	next, resets := window(0.02), now.Add(9*time.Hour)
	next.ResetsAt = &resets
	n.Keep("d", "", []quota.Window{next}, now.Add(4*time.Hour+time.Minute))
	if got := n.List(now.Add(4*time.Hour + time.Minute)); len(got) != 1 || got[0].SharePerHour != nil || *got[0].UsedShare != 0.02 {
		t.Errorf("a minute after the window began no pace is known: %+v", got)
	}
	later := next
	later.UsedShare = new(0.12)
	n.Keep("d", "", []quota.Window{later}, now.Add(5*time.Hour))
	if got := n.List(now.Add(5 * time.Hour)); len(got) != 1 || fmt.Sprintf("%.3f", *got[0].SharePerHour) != "0.102" {
		t.Errorf("%+v", got[0])
	}
}

func TestWindowsThatWereResetAreLeftOut(t *testing.T) {
	t.Parallel()
	var n quota.Newest
	n.Keep("d", "", []quota.Window{window(0.9)}, now)
	if got := n.List(now.Add(4 * time.Hour)); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAnAccountsWindowsAreTheSameThroughEveryDeployment(t *testing.T) {
	t.Parallel()
	var n quota.Newest
	n.Keep("d1", "a", []quota.Window{window(0.2)}, now)
	n.Keep("d2", "a", []quota.Window{window(0.3)}, now.Add(time.Minute))
	n.Keep("d1", "b", []quota.Window{window(0.4)}, now)
	n.Keep("d1", "", []quota.Window{window(0.5)}, now)
	n.Keep("d2", "", []quota.Window{window(0.6)}, now)
	n.Keep("d2", "a", []quota.Window{window(0.1)}, now) // an older reply, whose stream ended late
	text := ""
	for _, s := range n.List(now) {
		text += fmt.Sprintf("%s/%s=%g ", s.Account, s.Deployment, *s.UsedShare)
	}
	if want := "/d1=0.5 /d2=0.6 a/d2=0.3 b/d1=0.4 "; text != want {
		t.Errorf("%s, want %s", text, want)
	}
}

func TestAnUpstreamThatMakesNamesUpDoesNotFillTheMemory(t *testing.T) {
	t.Parallel()
	var n quota.Newest
	for i := range 5000 {
		w := window(0.1)
		w.Name = fmt.Sprint(i)
		n.Keep("d", "", []quota.Window{w}, now)
	}
	if got := len(n.List(now)); got != 256 {
		t.Errorf("%d windows", got)
	}
}

func TestNewestIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n quota.Newest
		for i := range 8 {
			go func() {
				for j := range 100 {
					n.Keep(fmt.Sprint(i), "", []quota.Window{window(0.1)}, now.Add(time.Duration(j)*time.Minute))
					_ = n.List(now)
				}
			}()
		}
		synctest.Wait()
		if got := n.List(now); len(got) != 8 {
			t.Errorf("%d", len(got))
		}
	})
}

func TestTheMeanPaceIsThatOfItsWindowOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		resets time.Duration // after the reply
		known  bool
	}{
		{"at its end", 0, true}, {"after its end", -time.Second, false}, {"ten minutes after its begin", 5*time.Hour - 10*time.Minute, true},
		{"less than that", 5*time.Hour - 10*time.Minute + time.Second, false}, {"before its begin", 6 * time.Hour, false},
	} {
		w, resets := window(0.5), now.Add(c.resets)
		w.ResetsAt = &resets
		if s := (quota.Seen{ObservedAt: now, Window: w}).WithMeanPace(); (s.SharePerHour != nil) != c.known {
			t.Errorf("%s: %v", c.name, s.SharePerHour)
		}
	}
	w := window(0.5)
	w.LengthS = 0
	if s := (quota.Seen{ObservedAt: now, Window: w}).WithMeanPace(); s.SharePerHour != nil {
		t.Errorf("of a window whose length is not known: %v", *s.SharePerHour)
	}
}

func TestAResetThatComesEarlierIsAnotherWindows(t *testing.T) {
	t.Parallel()
	for earlier, pace := range map[time.Duration]string{5 * time.Minute: "0.600", 5*time.Minute + time.Second: "0.160"} {
		var n quota.Newest
		n.Keep("d", "", []quota.Window{window(0.1)}, now)
		w := window(0.2)
		w.ResetsAt = new(w.ResetsAt.Add(-earlier))
		n.Keep("d", "", []quota.Window{w}, now.Add(10*time.Minute))
		if got := fmt.Sprintf("%.3f", *n.List(now.Add(10 * time.Minute))[0].SharePerHour); got != pace {
			t.Errorf("%s earlier: %s, want %s", earlier, got, pace)
		}
	}
}

func TestAReadingIsKeptEveryFiveMinutesForAnHour(t *testing.T) {
	t.Parallel()
	pace := func(readings ...[2]float64) string { // minutes after now, share
		var n quota.Newest
		for _, r := range readings {
			n.Keep("d", "", []quota.Window{window(r[1])}, now.Add(time.Duration(r[0]*float64(time.Minute))))
		}
		all := n.List(now.Add(time.Duration(readings[len(readings)-1][0] * float64(time.Minute))))
		return fmt.Sprintf("%.3f", *all[0].SharePerHour)
	}
	for _, c := range []struct {
		name string
		got  string
		want string
	}{
		{"ten minutes are enough", pace([2]float64{0, 0.1}, [2]float64{10, 0.2}), "0.600"},
		{"less is not: since the window began", pace([2]float64{0, 0.1}, [2]float64{9, 0.23}), "0.200"},
		{"the oldest is an hour old at least", pace([2]float64{0, 0.1}, [2]float64{60, 0.3}, [2]float64{119, 0.4}), "0.151"},
		{"and no older when there is one of an hour", pace([2]float64{0, 0.1}, [2]float64{60, 0.3}, [2]float64{120, 0.4}), "0.100"},
		{"a reading is kept every five minutes", pace([2]float64{0, 0.1}, [2]float64{5, 0.2}, [2]float64{65, 0.4}), "0.200"},
		{"a share that stays is no pace", pace([2]float64{0, 0.1}, [2]float64{10, 0.1}), "0.000"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestAWindowThatLastsForYearsAtThisPaceDoesNotRunOut(t *testing.T) {
	t.Parallel()
	w := window(0.5)
	w.ResetsAt = nil
	for perHour, runsOut := range map[float64]bool{0.5 / (366 * 24): true, 0.5 / (366*24 + 1): false, 1e-300: false, 0: false, -1: false} {
		s := quota.Seen{ObservedAt: now, Window: w}.WithPace(perHour)
		if (s.RunsOutAt != nil) != runsOut || *s.SharePerHour != perHour {
			t.Errorf("%g: %v", perHour, s.RunsOutAt)
		}
	}
}
