package gitleaks_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"
	"github.com/zricethezav/gitleaks/v8/report"
	"github.com/zricethezav/gitleaks/v8/sources"

	"github.com/flowgate-go/flowgate/internal/secret/rule"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// gitleaks is the real one, as its command is set up by default.
func gitleaks(tb testing.TB) *detect.Detector {
	tb.Helper()
	d, err := makeDetector()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// makeDetector makes one detector for all tests: making two at once is a race there.
var makeDetector = sync.OnceValues(func() (*detect.Detector, error) {
	logging.Logger = zerolog.Nop()
	d, err := detect.NewDetectorDefaultConfig()
	if err == nil {
		d.MaxDecodeDepth = 5
	}
	return d, err
})

// findByGitleaks returns what gitleaks finds in a fragment.
func findByGitleaks(d *detect.Detector, f sources.Fragment) []report.Finding {
	return d.Detect(detect.Fragment(f)) //nolint:staticcheck // deprecated, and what this version takes
}

// scanner has gitleaks' rules alone, so that findings can be compared one by one.
func scanner(tb testing.TB) *scan.Scanner {
	tb.Helper()
	set, err := rule.Default()
	if err != nil {
		tb.Fatal(err)
	}
	set.Rules = slices.DeleteFunc(set.Rules, func(r rule.Rule) bool {
		return !strings.Contains(rule.Gitleaks,
			`id = "`+r.ID+`"`)
	})
	s, err := scan.New(set)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// compareFindings compares what both find in one fragment, and returns the number of findings.
func compareFindings(tb testing.TB, d *detect.Detector, w *scan.Worker, f scan.Fragment) int {
	tb.Helper()
	var want, got []string
	fragment := sources.Fragment{Raw: f.Text, FilePath: f.Path, CommitSHA: f.Commit, StartLine: f.Line}
	for _, n := range findByGitleaks(d, fragment) {
		want = append(want, fmt.Sprintf("%s:%s:%d-%d", n.File, n.RuleID, n.StartLine, n.EndLine))
	}
	for _, n := range w.Scan(f) {
		got = append(got, fmt.Sprintf("%s:%s:%d-%d", n.File, n.Rule, n.Line, max(n.EndLine, n.Line)))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		tb.Fatalf("%s: found\n  %v\ngitleaks finds\n  %v\nin %.3000q", f.Path, got, want, f.Text)
	}
	return len(want)
}

var paths = []string{"", "a.go", "b.yaml", "main.tf", "nuget.config", "x.php", "key.p12", "go.sum",
	"sub/package-lock.json", "c.env"}

func TestFindingsAreThoseOfGitleaksOnTextsMadeOfItsRules(t *testing.T) {
	t.Parallel()
	d, w := gitleaks(t), scanner(t).Worker()
	r := rand.New(rand.NewPCG(7, 7))
	total := 0
	for _, m := range regexp.MustCompile(`(?m)^regex = '''(.*)'''$`).FindAllStringSubmatch(rule.Gitleaks, -1) {
		secret, err := generate(r, m[1])
		if err != nil {
			continue
		}
		total += compareFindings(t, d, w,
			scan.Fragment{Path: paths[r.IntN(len(paths))], Line: 1 + r.IntN(50), Text: surroundSecret(r, secret)})
	}
	if total < 80 {
		t.Fatalf("only %d findings: the comparison shows nothing", total)
	}
}

// surroundSecret puts a secret among lines, some of them encoded or marked as allowed.
func surroundSecret(r *rand.Rand, secret string) string {
	lines := []string{"package main", `const key = "` + secret + `"`, "token: " + secret, secret}
	for range r.IntN(6) {
		switch r.IntN(7) {
		case 0:
			lines = append(lines, encodeBase64(secret))
		case 1:
			lines = append(lines, fmt.Sprintf("%x", secret))
		case 2:
			lines = append(lines, "apikey="+encodePercent(secret))
		case 3:
			lines = append(lines, "x = "+secret+" // gitleaks:allow")
		case 4:
			lines = append(lines, `"`+encodeEscapes(secret)+`"`)
		case 5:
			lines = append(lines, encodeBase64(`password = "`+encodeBase64(secret)+`"`))
		default:
			lines = append(lines, "airtable gitter sourcegraph secret", "", "\tü \u212aelvin", codePoints(secret))
		}
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return strings.Join(lines, "\n") + [...]string{"", "\n"}[r.IntN(2)]
}

func TestFindingsAreThoseOfGitleaksInRealFiles(t *testing.T) {
	t.Parallel()
	d, s := gitleaks(t), scanner(t)
	total := 0
	for _, dir := range []string{"encoding/pem", "crypto/x509"} {
		files, err := filepath.Glob(filepath.Join(goroot(t), "src", dir, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of Go itself: %v", err)
		}
		for i, file := range files {
			if i%2 != 0 {
				continue
			}
			total += compareFile(t, d, s, file)
		}
	}
	if total < 3 {
		t.Fatalf("only %d findings", total)
	}
}

// compareFile compares a whole file, cut into fragments by each of the two.
func compareFile(t *testing.T, d *detect.Detector, s *scan.Scanner, file string) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var want, got []string
	source := &sources.File{Content: f, Path: file}
	err = source.Fragments(t.Context(), func(f sources.Fragment, err error) error {
		for _, n := range findByGitleaks(d, f) {
			want = append(want, fmt.Sprintf("%s:%d", n.RuleID, n.StartLine))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Tree(t.Context(), filepath.Dir(file), []string{filepath.Base(file)}, nil).Findings {
		got = append(got, fmt.Sprintf("%s:%d", n.Rule, n.Line))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: found %v, gitleaks %v", file, got, want)
	}
	return len(want)
}

func TestALargeFileIsCutWhereGitleaksCutsIt(t *testing.T) {
	t.Parallel()
	d, s := gitleaks(t), scanner(t)
	r := rand.New(rand.NewPCG(3, 9))
	var b strings.Builder
	for b.Len() < 230_000 {
		b.WriteString(strings.Repeat("some words of text ", r.IntN(6)))
		switch r.IntN(40) {
		case 0:
			fmt.Fprintf(&b, "\nkey = ghp_%016x%016xAbC1\n", r.Uint64(), r.Uint64())
		case 1:
			b.WriteString("\n\n")
		default:
			b.WriteString("\n")
		}
	}
	file := filepath.Join(t.TempDir(), "large.txt")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := compareFile(t, d, s, file); n < 15 {
		t.Fatalf("%d findings", n)
	}
}

func FuzzFindingsAreThoseOfGitleaks(f *testing.F) {
	f.Add("a.go", "key = \"ghp_0123456789abcdefghijABCDEFGHIJ012345\"\n")
	f.Add("b.yaml", "kind: secret\ndata:\n  a: Z2hwXzAxMjM0NTY3ODlhYmNkZWZnaGlqQUJDREVGR0hJSjAxMjM0NQ==\n")
	f.Add("c", "token=%67%68%70_0123456789abcdefghijABCDEFGHIJ012345 U+0067 U+0068 \\u0070\\\\u005f")
	d, w := gitleaks(f), scanner(f).Worker()
	f.Fuzz(func(t *testing.T, path, text string) {
		if len(text) < 5000 {
			compareFindings(t, d, w, scan.Fragment{Path: path, Line: 1, Text: text})
		}
	})
}
