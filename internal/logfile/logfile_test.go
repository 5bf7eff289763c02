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
	if end := logfile.End(path); end != 6*8192 {
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
	if last, err := logfile.Last(path, 0, 1); err != nil || !slices.Equal(last, []string{"last"}) {
		t.Errorf("last %q, %v", last, err)
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
	if lines := collect(t, &logfile.Follower{Path: path}); len(lines) != 2 || logfile.End(path) != 44 || len(names(t, dir)) != 2 {
		t.Errorf("%d lines, end %d, files %q", len(lines), logfile.End(path), names(t, dir))
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
