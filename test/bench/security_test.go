package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// gitleaksVersion is the one whose rules FlowGate carries.
const gitleaksVersion = "v8.30.1"

// gitleaks builds the real command, as its users install it.
func gitleaks(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	build := exec.Command("go", "install", "github.com/zricethezav/gitleaks/v8@"+gitleaksVersion)
	build.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
	if out, err := build.CombinedOutput(); err != nil {
		b.Skipf("SKIPPED: gitleaks cannot be built here, which needs its module: %v\n%s", err, out)
	}
	return filepath.Join(dir, "gitleaks")
}

// sources is a repository of Go's own source, in as many commits as folders.
func sources(b *testing.B) *repotest.Git {
	b.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Fatal(err)
	}
	g := repotest.New(b)
	for _, folder := range []string{"encoding", "net", "crypto/tls", "crypto/x509", "os", "go/types", "strings"} {
		if err := os.CopyFS(filepath.Join(g.Dir, folder),
			os.DirFS(filepath.Join(strings.TrimSpace(string(out)), "src", folder))); err != nil {
			b.Fatal(err)
		}
		g.Git("add", ".")
		g.Git("commit", "-q", "-m", folder)
	}
	return g
}

// cost is what one run of a command took.
type cost struct {
	wall time.Duration
	cpu  time.Duration
	peak float64 // MB
	out  []byte
}

func (c cost) reportRatios(b *testing.B, o cost, name string) {
	b.ReportMetric(float64(c.wall)/float64(o.wall), name+"-times-faster")
	b.ReportMetric(float64(c.cpu)/float64(o.cpu), name+"-times-less-cpu")
	b.ReportMetric(o.peak/c.peak, name+"-of-gitleaks-memory")
}

func measureCommand(b *testing.B, dir, program string, args ...string) cost {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	started := time.Now()
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 1 { // 1: something was found
		b.Fatalf("%s: %v", program, err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{time.Since(started), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		float64(usage.Maxrss) / 1024, out}
}

// BenchmarkSecurityCheck compares with the gitleaks command on the same
// repository, the two taking turns, and fails when gitleaks finds anything that
// FlowGate does not.
func BenchmarkSecurityCheck(b *testing.B) {
	theirs, g := gitleaks(b), sources(b)
	report := filepath.Join(b.TempDir(), "gitleaks.json")
	ours := func(b *testing.B, args ...string) cost {
		return measureCommand(b, g.Dir, binary, append([]string{"security-check"}, args...)...)
	}
	forget := func() { _ = os.RemoveAll(filepath.Join(g.Dir, ".router")) }
	b.Run("tree", func(b *testing.B) {
		for b.Loop() {
			forget()
			their, cold := measureCommand(b, g.Dir, theirs, "dir", ".", "--no-banner", "-f", "json", "-r", report),
				ours(b, "-only=secrets.tree")
			wantGitleaksFindings(b, report, cold.out)
			time.Sleep(100 * time.Millisecond) // what was written just now is not trusted to stay
			_ = ours(b, "-only=secrets.tree")
			warm := ours(b, "-only=secrets.tree")
			changeEveryNth(b, g, 100)
			part := ours(b, "-only=secrets.tree")
			their.reportRatios(b, cold, "cold")
			their.reportRatios(b, warm, "warm")
			their.reportRatios(b, part, "1%-changed")
		}
	})
	b.Run("history", func(b *testing.B) {
		for b.Loop() {
			forget()
			their, cold := measureCommand(b, g.Dir, theirs, "git", ".", "--no-banner", "-f", "json", "-r", report),
				ours(b, "-only=secrets.history", "-history")
			wantGitleaksFindings(b, report, cold.out)
			their.reportRatios(b, cold, "cold")
			their.reportRatios(b, ours(b, "-only=secrets.history", "-history"), "warm")
		}
	})
}

// changeEveryNth changes every n-th file a little.
func changeEveryNth(b *testing.B, g *repotest.Git, n int) {
	b.Helper()
	for i, name := range strings.Fields(g.Git("ls-files")) {
		if i%n == 0 && strings.HasSuffix(name, ".go") {
			text, err := os.ReadFile(filepath.Join(g.Dir, name))
			if err != nil {
				b.Fatal(err)
			}
			g.Write(name, string(text)+"// changed\n")
		}
	}
}

// wantGitleaksFindings fails when gitleaks has a finding that the report has not.
func wantGitleaksFindings(b *testing.B, theirs string, ours []byte) {
	b.Helper()
	text, err := os.ReadFile(theirs)
	if err != nil {
		b.Fatal(err)
	}
	var found []struct {
		RuleID, File, Commit string
		StartLine            int
	}
	var report struct {
		Data struct {
			Findings []struct{ Fingerprint string }
		}
	}
	if err := json.Unmarshal(text, &found); err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(ours, &report); err != nil {
		b.Fatal(err)
	}
	var have []string
	for _, f := range report.Data.Findings {
		have = append(have, f.Fingerprint)
	}
	for _, f := range found {
		fingerprint := fmt.Sprintf("%s:%s:%d", f.File, f.RuleID, f.StartLine)
		if f.Commit != "" {
			fingerprint = f.Commit + ":" + fingerprint
		}
		if !slices.Contains(have, fingerprint) {
			b.Errorf("gitleaks finds %s", fingerprint)
		}
	}
	b.ReportMetric(float64(len(found)), "findings")
}

// BenchmarkSecurityCheckOfAHugeFile searches a text of 2 GB, a secret at its
// end, and reports the peak memory.
func BenchmarkSecurityCheckOfAHugeFile(b *testing.B) {
	dir := b.TempDir()
	f, err := os.Create(filepath.Join(dir, "huge.txt"))
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(strings.Repeat("All work and no play makes a dull log line. ", 93) + "\n")
	block := bytes.Repeat(line, 256)
	for n := 0; n < 2<<30; n += len(block) {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := f.WriteString("token = ghp_0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXy\n"); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c := measureCommand(b, dir, binary, "security-check", "-only=secrets.tree")
		if !bytes.Contains(c.out, []byte(`"rule":"github-pat"`)) {
			b.Fatalf("not found: %s", c.out)
		}
		b.ReportMetric(c.peak, "peak-MB")
	}
}

// BenchmarkSecurityCheckOfAHugeFileInHistory fails when a file of 200 MB that a
// commit added takes FlowGate, or a git that it runs, more than 64 MB of memory.
func BenchmarkSecurityCheckOfAHugeFileInHistory(b *testing.B) {
	g := repotest.New(b)
	huge(b, filepath.Join(g.Dir, "huge.txt"))
	g.Git("add", "huge.txt")
	g.Git("commit", "-q", "-m", "huge")
	g.Git("rm", "-q", "huge.txt")
	g.Git("commit", "-q", "-m", "gone")
	for b.Loop() {
		_ = os.RemoveAll(filepath.Join(g.Dir, ".router"))
		c := measureCommand(b, g.Dir, binary,
			"security-check", "-history", "-only=secrets.history", "-jq", ".data.findings|length")
		if got := strings.TrimSpace(string(c.out)); got != "1" || c.peak > 64 {
			b.Fatalf("%s findings with %.0f MB", got, c.peak)
		}
		b.ReportMetric(c.peak, "MB")
	}
}

// huge writes a text of 200 MB with a secret at its end, in small pieces: the
// peak of a child's memory counts that of this process when it is started.
func huge(b *testing.B, path string) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	line := strings.Repeat("some words of text ", 4) + "\n"
	out := bufio.NewWriter(f)
	for range 200 << 20 / len(line) {
		_, _ = out.WriteString(line) // Flush says whether it failed
	}
	_, _ = out.WriteString("token = ghp_0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwQr\n")
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
}
