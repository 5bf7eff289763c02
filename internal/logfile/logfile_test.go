package logfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func collect(t testing.TB, f *logfile.Follower) (lines []string) {
	t.Helper()
	if err := f.Poll(func(line []byte) error { lines = append(lines, string(line)); return nil }); err != nil {
		t.Fatal(err)
	}
	return lines
}

func names(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestCutKeepsTheEndAndBoundsTheRest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	limits := logfile.Limits{Size: 8192, Keep: 2}
	if _, err := logfile.Cut(path, limits); err != nil {
		t.Errorf("no file: %v", err)
	}
	for i := range 6 {
		appendTo(t, path, strings.Repeat(fmt.Sprintf("%07d\n", i), 1024))
		if dropped, err := logfile.Cut(path, limits); err != nil || dropped != 0 {
			t.Fatal(dropped, err)
		}
	}
	if all := names(t, dir); len(all) != 3 {
		t.Errorf("files %q", all)
	}
	if end := logfile.EndOffset(path); end != 6*8192 {
		t.Errorf("end %d", end)
	}
	lines := collect(t, &logfile.Follower{Path: path})
	if len(lines) < 1024 || lines[len(lines)-1] != "0000005" || lines[0] < "0000002" {
		t.Errorf("%d lines, from %q", len(lines), lines[0])
	}
	appendTo(t, path, strings.Repeat("x", 100<<10)+"\nlast\n")
	if dropped, err := logfile.Cut(path, limits); err != nil || dropped == 0 {
		t.Errorf("a flood: dropped %d, %v", dropped, err)
	}
	if last, err := logfile.LastLines(path, 0, 1); err != nil || !slices.Equal(last, []string{"last"}) {
		t.Errorf("last %q, %v", last, err)
	}
}

func TestTheLastLinesAreThereRightAfterACut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	const lines = 3000
	for i := range lines {
		if i == lines/2 || i == lines-1 {
			if dropped, err := logfile.Cut(path, logfile.Limits{Size: 8192, Keep: 3}); err != nil || dropped != 0 {
				t.Fatalf("dropped %d, %v", dropped, err)
			}
		}
		appendTo(t, path, fmt.Sprintf("line %d\n", i))
	}
	for _, n := range []int{1, 10, 1000} {
		var got []string
		f, err := logfile.Tail(path, n, true, func(line []byte) error { got = append(got, string(line)); return nil })
		if err != nil || len(got) != n || got[0] != fmt.Sprintf("line %d", lines-n) || got[n-1] != "line 2999" {
			t.Errorf("of the last %d came %d, from %.1q, %v", n, len(got), got, err)
		}
		appendTo(t, path, "new\n")
		if more := collect(t, f); !slices.Equal(more, []string{"new"}) {
			t.Errorf("then %q", more)
		}
		if err := os.Truncate(path, logfile.EndOffset(path)-4-place(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	// Not before the place that is asked for, though it lies in the piece.
	from := logfile.EndOffset(path) - int64(len("line 2999\n")*50)
	if got, err := logfile.LastLines(path, from, 100); err != nil || len(got) != 50 || got[0] != "line 2950" {
		t.Errorf("%d lines from a place on, %.2q, %v", len(got), got, err)
	}
}

// place is where the file itself begins, behind its pieces.
func place(t *testing.T, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return logfile.EndOffset(path) - info.Size()
}

func TestAHalfLineIsNotJoinedWithWhatFollowsTheLinesThatWereGivenUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	f := &logfile.Follower{Path: path}
	appendTo(t, path, "one\nhalf of a li")
	if got := collect(t, f); !slices.Equal(got, []string{"one"}) {
		t.Errorf("%q", got)
	}
	appendTo(t, path, "ne\n"+strings.Repeat("lost\n", 100<<10)+"last\n")
	if dropped, err := logfile.Cut(path, logfile.Limits{Size: 8192, Keep: 2}); err != nil || dropped == 0 {
		t.Fatalf("dropped %d, %v", dropped, err)
	}
	got := collect(t, f)
	if len(got) == 0 || strings.Contains(got[0], "half") || got[len(got)-1] != "last" {
		t.Errorf("%d lines, the first is %q", len(got), got[:min(1, len(got))])
	}
}

func TestAFollowerBeginsAnewWithAFileThatOthersCutOrReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	f := &logfile.Follower{Path: path}
	if got := collect(t, f); got != nil {
		t.Errorf("no file: %q", got)
	}
	appendTo(t, path, "one\nhalf")
	if got := collect(t, f); !slices.Equal(got, []string{"one"}) || string(f.Rest()) != "half" {
		t.Errorf("%q, rest %q", got, f.Rest())
	}
	appendTo(t, path, " and half\n")
	if got := collect(t, f); !slices.Equal(got, []string{"half and half"}) {
		t.Errorf("%q", got)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, "cut\n")
	if got := collect(t, f); !slices.Equal(got, []string{"cut"}) {
		t.Errorf("%q", got)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, "replaced\n")
	if got := collect(t, f); !slices.Equal(got, []string{"replaced"}) {
		t.Errorf("%q", got)
	}
}

func TestAppendMakesPiecesThatAFollowerReadsThrough(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "events.log")
	limits := logfile.Limits{Size: 1000, Keep: 50}
	f := &logfile.Follower{Path: path}
	var got []string
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				if err := logfile.Append(path, fmt.Appendf(nil, "writer %d line %d", w, i), limits); err != nil {
					t.Error(err)
				}
			}
		})
	}
	got = append(got, collect(t, f)...)
	writers.Wait()
	got = append(got, collect(t, f)...)
	slices.Sort(got)
	if len(slices.Compact(got)) != 200 || len(names(t, filepath.Dir(path))) < 3 {
		t.Errorf("%d lines in %q", len(got), names(t, filepath.Dir(path)))
	}
	// All of it again, from its first byte, as a negative number asks for.
	n := 0
	if _, err := logfile.Tail(path, -1, true, func([]byte) error { n++; return nil }); err != nil || n != 200 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestOldPiecesGoAndThePlaceStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	limits := logfile.Limits{Size: 10, Keep: 5, Age: time.Hour}
	for range 3 {
		if err := logfile.Append(path, []byte("0123456789"), limits); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names(t, dir)[1:] {
		past := time.Now().Add(-2 * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	if err := logfile.Append(path, []byte("0123456789"), limits); err != nil {
		t.Fatal(err)
	}
	if lines := collect(t, &logfile.Follower{Path: path}); len(lines) != 2 || logfile.EndOffset(path) != 44 ||
		len(names(t, dir)) != 2 {
		t.Errorf("%d lines, end %d, files %q", len(lines), logfile.EndOffset(path), names(t, dir))
	}
}

func TestATornLineIsEndedBeforeTheNext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.log")
	appendTo(t, path, `{"half`)
	if err := logfile.Append(path, []byte("whole"), logfile.Limits{}); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, &logfile.Follower{Path: path}); !slices.Equal(got, []string{`{"half`, "whole"}) {
		t.Errorf("%q", got)
	}
}

func TestALargePieceIsReadOnceFromEndToEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	f := &logfile.Follower{Path: path}
	const lines = 20000 // several times what is read at once
	var text strings.Builder
	for i := range lines {
		fmt.Fprintf(&text, "line %06d of a long piece that takes more than one read\n", i)
	}
	appendTo(t, path, text.String())
	if _, err := logfile.Cut(path, logfile.Limits{Size: int64(text.Len() / 2), Keep: 2}); err != nil {
		t.Fatal(err)
	}
	got := collect(t, f)
	if len(got) != lines || !slices.IsSorted(got) {
		t.Errorf("%d lines, in order: %v", len(got), slices.IsSorted(got))
	}
}

func TestTheCauseOfAnEndIsTheErrorAndNotWhatFollowsIt(t *testing.T) {
	t.Parallel()
	for want, lines := range map[string][]string{
		"it is full":     {`{"msg":"begins"}`, "Error: it is full", "  hint: make room"},
		"panic: oh":      {"Error: earlier", "panic: oh", "", "goroutine 1 [running]:"},
		"signal: killed": {"begins", "signal: killed"},
		"":               nil,
	} {
		if got := logfile.Cause(lines); got != want {
			t.Errorf("%q: %q, want %q", lines, got, want)
		}
	}
}
