package page_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/page"
)

func TestTheLedgerGivesTheLastHourByTheMinuteAndTheLastDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 14, 10, 0, 30, 0, time.UTC)
	folder := t.TempDir()
	l := &page.Ledger{Folder: folder, Now: func() time.Time { return now }}
	if u, err := l.Read(t.Context()); err != nil || len(u.Series.At) != 61 || len(u.Clients) != 0 {
		t.Fatalf("before the first request: %+v %v", u, err)
	}
	add := func(ago time.Duration, client string, status, times int) {
		w := ledger.Start(folder, ledger.Options{Now: func() time.Time { return now }})
		for range times {
			w.Add(&record.Request{Start: now.Add(-ago), FirstByte: 200 * time.Millisecond, Client: client, Model: "m",
				Group: "m", Deployment: "d", Status: status, Tokens: record.Tokens{Known: true, Input: 10, Output: 2}})
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	add(26*time.Hour, "old", 200, 1)
	add(5*time.Hour, "alice", 200, 2)
	l = &page.Ledger{Folder: folder, Now: l.Now}
	if u, err := l.Read(t.Context()); err != nil || sum(u.Series.Requests) != 0 || len(u.Clients) != 1 {
		t.Fatalf("nothing in the last hour: %+v %v", u, err)
	}
	add(10*time.Minute, "alice", 200, 6)
	add(10*time.Minute, "bob", 500, 3)
	u, err := l.Read(t.Context())
	if err != nil || fmt.Sprintf("%.3f %.3f", sum(u.Series.Requests)*60, sum(u.Series.Errors)*60) != "9.000 3.000" {
		t.Errorf("%+v %v", u.Series, err)
	}
	at := now.Add(-10 * time.Minute).Truncate(time.Minute).Unix()
	for i, minute := range u.Series.At {
		if (u.Series.LatencyMS[i] != nil) != (minute == at) || minute == at && *u.Series.LatencyMS[i] != 200 {
			t.Errorf("minute %d: %v", minute, u.Series.LatencyMS[i])
		}
	}
	rows := map[string]page.Row{}
	for _, row := range u.Clients {
		rows[row.Name] = row
	}
	a, b := rows["alice"], rows["bob"]
	if a.Requests != 8 || a.Input != 80 || a.Output != 16 || b.Errors != 3 || len(rows) != 2 {
		t.Errorf("%+v", rows)
	}
	w := ledger.Start(folder, ledger.Options{Now: l.Now})
	w.Add(&record.Request{Start: now.Add(-2 * time.Minute), Requested: "nosuch", Status: 400, Class: "BadRequestError"})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	u, err = l.Read(t.Context())
	if err != nil || !hasRow(u.Models, "refused before a model was asked") ||
		!hasRow(u.Clients, "no client that is known") {
		t.Errorf("%+v %+v %v", u.Models, u.Clients, err)
	}
	now = now.Add(time.Hour)
	if u, err := l.Read(t.Context()); err != nil || sum(u.Series.Requests) != 0 {
		t.Errorf("an hour later: %+v %v", u.Series, err)
	}
}

// TestTheMinuteThatHasJustBegunIsNotShown: a request in its first second would look like one each second.
func TestTheMinuteThatHasJustBegunIsNotShown(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]time.Time{0: begin.Add(-time.Minute), 9 * time.Second: begin.Add(-time.Minute),
		10 * time.Second: begin} {
		l := &page.Ledger{Folder: t.TempDir(), Now: func() time.Time { return begin.Add(after) }}
		u, err := l.Read(t.Context())
		if err != nil || len(u.Series.At) == 0 || u.Series.At[len(u.Series.At)-1] != want.Unix() {
			t.Errorf("after %s: %v, %v", after, u.Series.At, err)
		}
	}
}

// TestARequestThatBeganEarlierAndEndedLaterIsCountedOnce: rows are read by their time at first, and then by their id.
func TestARequestThatBeganEarlierAndEndedLaterIsCountedOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 14, 10, 0, 30, 0, time.UTC)
	l := &page.Ledger{Folder: t.TempDir(), Now: func() time.Time { return now }}
	w := ledger.Start(l.Folder, ledger.Options{Now: l.Now})
	for _, ago := range []time.Duration{5 * time.Minute, 8 * time.Minute, 6 * time.Minute} {
		w.Add(&record.Request{Start: now.Add(-ago), Client: "a", Model: "m", Status: 200})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for look := range 3 {
		if u, err := l.Read(t.Context()); err != nil || fmt.Sprintf("%.3f", sum(u.Series.Requests)*60) != "3.000" {
			t.Errorf("look %d: %v, %v", look, u.Series.Requests, err)
		}
	}
}

func sum(all []float64) (total float64) {
	for _, n := range all {
		total += n
	}
	return total
}

// hasRow reports whether a row of that name has one request, which failed.
func hasRow(all []page.Row, name string) bool {
	return slices.ContainsFunc(all, func(r page.Row) bool { return r.Name == name && r.Requests == 1 && r.Errors == 1 })
}
