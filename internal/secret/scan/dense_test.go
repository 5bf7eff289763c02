package scan_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/secret/rule"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// dense is a text of n made-up secrets that end differently.
func dense(n int, form, end string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, form, fmt.Sprintf("%05dZq81mmVx0swp4TtRabcdEFGHIJ0123", i)[:36-5]+"abcde")
		b.WriteString(end)
	}
	return b.String()
}

// spent is the processor's time that this process has used. Tests that are not
// parallel run alone.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestManyFindingsTakeLinearTime compares a text with one of a quarter of its
// size: in quadratic time it would take sixteen times as long.
func TestManyFindingsTakeLinearTime(t *testing.T) {
	set, err := rule.Default()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scan.New(set)
	if err != nil {
		t.Fatal(err)
	}
	w := s.Worker()
	for name, c := range map[string]struct {
		form, end string
		secrets   int // in the smaller text
	}{
		"on one line":            {"ghp_%s", " ", 500},
		"on lines of their own":  {"ghp_%s", "\n", 500},
		"generic, on one line":   {`api_key="%s";`, " ", 250}, // take seven times as long
		"two rules, on one line": {`api_key="ghp_%s";`, " ", 250},
		"encoded, on one line":   {"%%67%%68%%70%%5f%s", "\t\n", 500},
	} {
		took := func(n int) (time.Duration, int) {
			text, found := dense(n, c.form, c.end), 0
			before := spent(t)
			found = len(w.Scan(scan.Fragment{Path: "a.txt", Line: 1, Text: text}))
			return spent(t) - before, found
		}
		small, few := took(c.secrets)
		large, many := took(4 * c.secrets)
		if few < c.secrets*7/10 || many < 4*few-10 {
			t.Errorf("%s: %d and %d findings", name, few, many)
		}
		if large > 9*small {
			t.Errorf("%s: four times as much took %v instead of %v", name, large, small)
		}
		t.Logf("%s: %v, %v; %d findings", name, small, large, many)
	}
}

// TestASecretBehindAHoleInAFileIsFound: the zeros of a sparse file are passed over
// without a look at each rule. BenchmarkHole says what they cost.
func TestASecretBehindAHoleInAFileIsFound(t *testing.T) {
	set, err := rule.Default()
	if err != nil {
		t.Fatal(err)
	}
	s, err := scan.New(set)
	if err != nil {
		t.Fatal(err)
	}
	found := s.Tree(context.Background(), sparseFile(t, 4<<20), []string{"a.img.txt"}, nil).Findings
	if len(found) != 1 || found[0].Line != 2 {
		t.Errorf("%+v", found)
	}
}

func BenchmarkHole(b *testing.B) {
	set, err := rule.Default()
	if err != nil {
		b.Fatal(err)
	}
	s, err := scan.New(set)
	if err != nil {
		b.Fatal(err)
	}
	const size = 256 << 20
	root := sparseFile(b, size)
	b.SetBytes(size)
	for b.Loop() {
		s.Tree(context.Background(), root, []string{"a.img.txt"}, nil)
	}
}

// sparseFile makes a folder with the file a.img.txt: a hole of size bytes, then
// a line with a token.
func sparseFile(t testing.TB, size int64) string {
	t.Helper()
	root := t.TempDir()
	file := filepath.Join(root, "a.img.txt")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, size)); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("\nghp_0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwQr\n")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return root
}
