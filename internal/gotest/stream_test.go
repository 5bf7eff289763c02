package gotest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/gotest"
)

// goTest runs go test in the module of testdata, with what it prints in out.
func goTest(t *testing.T, args ...string) (out string) {
	t.Helper()
	dir := t.TempDir()
	archive, err := txtar.ParseFile("testdata/module.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f.Name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout=1s"}, args...)...)
	cmd.Dir = dir
	printed, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(printed)
}

// giveStream gives the stream to a Stream.
func giveStream(t *testing.T, s *gotest.Stream, stream string) (people string, err error) {
	t.Helper()
	var out bytes.Buffer
	s.Out = &out
	if n, err := s.Write([]byte(stream)); n != len(stream) || err != nil {
		t.Fatal(n, err)
	}
	err = s.Close()
	return out.String(), err
}

// lines are the lines of a text without what differs from run to run.
func lines(text string) []string {
	changing := regexp.MustCompile(`0x[0-9a-f]+|\d+\.\d+s|\d+ms|goroutine \d+|\+0x\w+|, \d+ minutes`)
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(changing.ReplaceAllString(line, "~")); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func TestPeopleSeeWhatFailedWithItsOwnOutput(t *testing.T) {
	t.Parallel()
	want := goTest(t, "./...")
	s := &gotest.Stream{}
	got, err := giveStream(t, s, goTest(t, "-json", "./..."))
	if !fault.HasCode(err, "tests-failed") {
		t.Error(err)
	}
	seen := lines(got)
	for _, line := range lines(want) {
		// The stack of every goroutine is printed, in no fixed order and detail.
		stack := strings.HasPrefix(line, "/") || strings.Contains(line, "goroutine") || strings.Contains(line, "(")
		passed := strings.HasPrefix(line, "printed by") || strings.Contains(line, "long long") ||
			strings.HasPrefix(line, "without a line end")
		if !stack && !passed && !slices.Contains(seen, line) {
			t.Errorf("not shown: %q", line)
		}
	}
	for _, part := range []string{"undefined: undefined", "wrong\n", "in two lines", "panic: boom",
		"panic: test timed out after 1s", "the log of a test that hangs", "TestMain gives up",
		"Logf format %d", "ok  \tm/passes", "?   \tm/none"} {
		if !strings.Contains(got, part) {
			t.Errorf("not shown: %q", part)
		}
	}
	for _, part := range []string{"a log of a", "=== ", "--- PASS", "printed where all passes", `"Action"`,
		"printed by a test that passed", "long long", "ends here", "without a line end"} {
		if strings.Contains(got, part) {
			t.Errorf("shown: %q", part)
		}
	}
	if t.Failed() {
		t.Logf("go test prints\n%s\nshown is\n%s", want, got)
	}
}

func TestFailedTestsAreNamedBeforeTheirOutputAndAtTheEnd(t *testing.T) {
	t.Parallel()
	s := &gotest.Stream{Command: "go test -C=."}
	got, err := giveStream(t, s, goTest(t, "-json", "./fails", "./unbuilt", "./exits", "./panics", "./hangs", "./passes"))
	slices.SortFunc(s.Failed, func(a, b gotest.Failure) int { return strings.Compare(a.String(), b.String()) })
	var names []string
	for _, f := range s.Failed {
		names = append(names, strings.TrimSpace(f.Package+" "+f.Test))
	}
	if want := []string{"m/exits", "m/fails TestAgain", "m/fails TestParent/first_child", "m/hangs TestHangs",
		"m/panics TestBoom", "m/panics TestWaits", "m/unbuilt"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	before, output, _ := strings.Cut(got, "--- FAIL: TestParent")
	if !strings.Contains(before, "FAILED: m/fails TestAgain\n") || strings.Contains(before, "wrong\n") {
		t.Errorf("not named first: %s", got)
	}
	for _, f := range s.Failed {
		if !strings.Contains(output, "\nFAILED: "+f.String()+"\n") {
			t.Errorf("not named at the end: %s", f)
		}
	}
	if !strings.HasSuffix(got, "\nfailed tests: 7\n") {
		t.Errorf("no number at the end: %s", got)
	}
	f := fault.From(err)
	if f == nil || f.Code != "tests-failed" || !strings.HasPrefix(f.Message, "7 failed: ") ||
		!strings.HasSuffix(f.Message, "and 2 more") || !strings.Contains(f.Hint, "go test -C=. m/") {
		t.Errorf("%v", err)
	}
	reasons := map[string]string{"m/exits": "TestMain gives up", "m/fails TestParent/first_child": "x_test.go:22: before; x_test.go:22: wrong",
		"m/hangs TestHangs": "panic: test timed out after 1s", "m/panics TestBoom": "panic: boom",
		"m/unbuilt": "it does not compile"}
	for i, name := range names {
		if want, ok := reasons[name]; ok && s.Failed[i].Reason != want {
			t.Errorf("%s: reason %q, want %q", name, s.Failed[i].Reason, want)
		}
	}
}

func TestALogAfterTheErrorDoesNotHideIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, output, reason string }{
		{"one log", "    a_test.go:1: wrong\n        in two lines\n    a_test.go:2: a log\n--- FAIL: TestA (0.00s)\n",
			"a_test.go:1: wrong; a_test.go:2: a log"},
		{"five", "    a.go:1: 1\n    a.go:2: 2\n    a.go:3: 3\n    a.go:4: 4\n    a.go:5: 5\n",
			"a.go:1: 1; a.go:2: 2; a.go:3: 3; a.go:4: 4; a.go:5: 5"},
		{"six", "    a.go:1: 1\n    a.go:2: 2\n    a.go:3: 3\n    a.go:4: 4\n    a.go:5: 5\n    a.go:6: 6\n",
			"a.go:1: 1; a.go:2: 2; …; a.go:4: 4; a.go:5: 5; a.go:6: 6"},
		{"a long line", "    a.go:1: " + strings.Repeat("w", 300) + "\n    a.go:2: a log\n",
			"a.go:1: " + strings.Repeat("w", 192) + "; a.go:2: a log"},
		{"a panic", "    a.go:1: a log\npanic: boom\n    a.go:2: a log\n", "panic: boom"},
	} {
		events := ""
		for line := range strings.Lines(c.output) {
			events += fmt.Sprintf(`{"Action":"output","Package":"p","Test":"TestA","Output":%q}`, line) + "\n"
		}
		s := &gotest.Stream{}
		_, _ = giveStream(t, s, events+`{"Action":"fail","Package":"p","Test":"TestA"}`+"\n"+`{"Action":"fail","Package":"p"}`+"\n")
		if len(s.Failed) != 1 || s.Failed[0].Reason != c.reason {
			t.Errorf("%s: %+v", c.name, s.Failed)
		}
	}
}

func TestARaceInTheOutputOfATestThatPassedIsShown(t *testing.T) {
	t.Parallel()
	got, _ := giveStream(t, &gotest.Stream{}, strings.Join([]string{
		`{"Action":"output","Package":"p","Test":"TestA","Output":"its own words\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"==================\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"WARNING: DATA RACE\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"    testing.go:1: race detected\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestB"}`,
		`{"Action":"fail","Package":"p"}`, "",
	}, "\n"))
	if !strings.Contains(got, "printed in TestA, which passed:\n==================\nWARNING: DATA RACE\n") ||
		strings.Contains(got, "its own words") {
		t.Errorf("%q", got)
	}
}

// test2json cuts a line over 4 kB anywhere.
func TestAPieceOfALongLineIsNotTakenForALine(t *testing.T) {
	t.Parallel()
	got, _ := giveStream(t, &gotest.Stream{}, strings.Join([]string{
		`{"Action":"output","Package":"p","Test":"TestA","Output":"    a long line"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: in its middle\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: a long line"}`,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"--- FAIL: in its middle\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestB"}`,
		`{"Action":"fail","Package":"p"}`, "",
	}, "\n"))
	if strings.Contains(got, "panic") || !strings.Contains(got, "    b_test.go:1: a long line--- FAIL: in its middle\n") {
		t.Errorf("%q", got)
	}
}

func TestEverySkipIsKeptWithItsReason(t *testing.T) {
	t.Parallel()
	s := &gotest.Stream{Elsewhere: map[string]string{"m/fails": "test:moon"}}
	got, err := giveStream(t, s, goTest(t, "-json", "./fails", "./passes", "./none"))
	if !fault.HasCode(err, "tests-failed") {
		t.Error("skips that nobody forbids:", err)
	}
	slices.SortFunc(s.Skipped, func(a, b gotest.Skip) int { return strings.Compare(a.String(), b.String()) })
	want := []gotest.Skip{
		{Package: "m/fails", Test: "TestParent/says_nothing", Target: "test:moon"},
		{Package: "m/fails", Test: "TestParent/skips", Reason: "x_test.go:24: looked for it x_test.go:24: no moon tonight",
			Target: "test:moon"},
		{Package: "m/passes", Test: "TestNowhere", Reason: "x_test.go:10: not on this machine"},
	}
	if !slices.Equal(s.Skipped, want) {
		t.Errorf("got %+v", s.Skipped)
	}
	for _, skip := range want {
		if !strings.Contains(got, "SKIPPED: "+skip.String()+"\n") {
			t.Errorf("not shown: %s\nbut %s", skip, got)
		}
	}
	if !strings.Contains(got, "\nskipped tests: 3\n") {
		t.Errorf("no number at the end: %s", got)
	}
}

func TestAForbiddenSkipIsAFailureThatNamesTheTest(t *testing.T) {
	t.Parallel()
	stream := goTest(t, "-json", "./passes")
	_, err := giveStream(t, &gotest.Stream{Forbid: true}, stream)
	if f := fault.From(err); f == nil || f.Code != "tests-skipped" || f.Exit != fault.ExitFailed ||
		!strings.Contains(f.Message, "m/passes TestNowhere: x_test.go:10: not on this machine") {
		t.Errorf("got %v", err)
	}
	if _, err := giveStream(t, &gotest.Stream{Forbid: true, Elsewhere: map[string]string{"m/passes": "test:moon"}},
		stream); err != nil {
		t.Errorf("another target runs it: %v", err)
	}
	if _, err := giveStream(t, &gotest.Stream{Forbid: true}, `{"Action":"skip","Package":"m/none"}`); err != nil {
		t.Errorf("a package without tests: %v", err)
	}
}

func TestVerboseShowsEverythingOnce(t *testing.T) {
	t.Parallel()
	got, _ := giveStream(t, &gotest.Stream{Verbose: true}, goTest(t, "-json", "./passes", "./unbuilt"))
	for _, part := range []string{"=== RUN   TestX", "a log of a test that passed", "printed where all passes",
		"ok  \tm/passes", "undefined: undefined", "FAIL\tm/unbuilt"} {
		if strings.Count(got, part) != 1 {
			t.Errorf("%q is there %d times in %s", part, strings.Count(got, part), got)
		}
	}
}

func TestAStreamThatEndsEarlyLosesNothing(t *testing.T) {
	t.Parallel()
	got, err := giveStream(t, &gotest.Stream{}, strings.Join([]string{
		`{"Action":"run","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: half a te`, // killed
	}, "\n"))
	if !fault.HasCode(err, "tests-failed") || !strings.Contains(got, "--- FAIL: TestA") || !strings.Contains(got, "half a te") {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("go: downloading\n{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"T\",\"Output\":\"    x: "+
		"y\\n\"}\n{\"Action\":\"skip\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n"),
		uint(20))
	f.Add([]byte(`{"Action":"fail","Package":"p"}`), uint(0))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint) {
		var whole, parts bytes.Buffer
		one, two := &gotest.Stream{Out: &whole, Forbid: true}, &gotest.Stream{Out: &parts, Forbid: true}
		at := int(cut % uint(len(stream)+1))
		_, _ = one.Write(stream)
		_, _ = two.Write(stream[:at])
		_, _ = two.Write(stream[at:])
		oneErr, twoErr := one.Close(), two.Close()
		if whole.String() != parts.String() || (oneErr == nil) != (twoErr == nil) || !slices.Equal(one.Skipped, two.Skipped) {
			t.Errorf("cut at %d: %q and %q", at, whole.String(), parts.String())
		}
	})
}

func TestATestThatFailsTheSecondTimeIsShown(t *testing.T) {
	t.Parallel()
	got, err := giveStream(t, &gotest.Stream{}, strings.Join([]string{
		`{"Action":"pass","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong now\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestA"}`,
		`{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}`,
		`{"Action":"fail","Package":"p"}`, "",
	}, "\n"))
	if !fault.HasCode(err, "tests-failed") ||
		!strings.HasPrefix(got, "FAILED: p TestA\n    a_test.go:1: wrong now\nFAIL\tp\t0.1s\n") {
		t.Errorf("%q, %v", got, err)
	}
}
