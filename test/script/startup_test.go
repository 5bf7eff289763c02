package script_test

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// What the initialisation of packages may allocate, in bytes: a table, an expression or a template
// that is built at the start of every command costs them all. Half of it is jq's definitions (gojq).
const (
	initialTotal  = 420 << 10
	initialOfEach = 8 << 10 // of a package, unless heavyInits names it
)

// heavyInits are the packages that may allocate more, in bytes.
var heavyInits = map[string]int{
	"github.com/itchyny/gojq":                        230 << 10, // the definitions of jq's functions
	"golang.org/x/oauth2/google/externalaccount":     23 << 10,  // Vertex's credentials
	"encoding/xml":                                   20 << 10,  // the JUnit format
	"unicode":                                        12 << 10,
	"github.com/klauspost/compress/internal/snapref": 10 << 10, // a table of CRC32, of zstd
	"github.com/samber/lo":                           9 << 10,  // two regular expressions
	"runtime/metrics":                                15 << 10, // its descriptions; for how the router's heap grows
}

// TestPackagesInitializeLittle looks at what the program allocates before main.
func TestPackagesInitializeLittle(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(binary, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &trace)
	}
	total := 0
	for _, m := range regexp.MustCompile(`(?m)^init (\S+) .* (\d+) bytes, \d+ allocs`).FindAllStringSubmatch(trace.String(), -1) {
		name := m[1]
		size, _ := strconv.Atoi(m[2])
		total += size
		if limit := cmp.Or(heavyInits[name], initialOfEach); size > limit {
			t.Errorf("%s allocates %d bytes before main, more than %d: build it when it is used (sync.OnceValue)",
				name, size, limit)
		}
	}
	if total == 0 || total > initialTotal {
		t.Errorf("the packages allocate %d bytes before main, more than %d", total, initialTotal)
	}
}

// TestTheLinkerLeavesOutWhatNobodyCalls looks for the functions of reflect that call a method by a name or a
// number: when a program has one, the linker keeps all exported methods of all types, which were 9 MB.
func TestTheLinkerLeavesOutWhatNobodyCalls(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(program, []byte("\x00reflect.Value.Call\x00")) {
		t.Fatal("the names of functions are not in the program as this test looks for them")
	}
	for _, name := range []string{"reflect.Value.Method", "reflect.Value.MethodByName", "reflect.(*rtype).Method",
		"reflect.(*rtype).MethodByName", "text/template.(*Template).Execute"} {
		if bytes.Contains(program, []byte("\x00"+name+"\x00")) {
			t.Errorf("the program has %s: who calls it is marked ReflectMethod by go build -ldflags=-dumpdep; "+
				"for text/template use quicktemplate (CONTRIBUTING.md)", name)
		}
	}
}

// TestTargetsRunInAFreeGoroutine reads the goroutines of a target that goes on: in one that is
// bound to a thread, each wait for another goroutine is a switch of threads, which makes every
// command slower.
func TestTargetsRunInAFreeGoroutine(t *testing.T) {
	t.Parallel()
	follow := exec.Command(binary, "logs", "-follow")
	follow.Dir = t.TempDir()
	stderr, err := follow.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	if line, err := lines.ReadString('\n'); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if err := follow.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	dump, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	_ = follow.Wait()
	found := false
	for stack := range strings.SplitSeq(string(dump), "\n\n") {
		if !strings.Contains(stack, "/tasks.runMain(") {
			continue
		}
		found = true
		if header, _, _ := strings.Cut(strings.TrimSpace(stack), "\n"); strings.Contains(header, "locked to thread") {
			t.Errorf("the target runs in %s", header)
		}
	}
	if !found {
		t.Errorf("no goroutine runs a target: %s", dump)
	}
}

// TestNobodyReadsTheReport runs commands whose readers have left before they print.
func TestNobodyReadsTheReport(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"version", "help", "status", "config:show"} {
		for _, closed := range []string{"stdout", "stderr"} {
			t.Run(command+" "+closed, func(t *testing.T) {
				t.Parallel()
				reader, writer, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer writer.Close()
				if err := reader.Close(); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(binary, strings.Fields(command)...)
				cmd.Dir = t.TempDir()
				if closed == "stdout" {
					cmd.Stdout = writer
				} else {
					cmd.Stderr = writer
				}
				if err := cmd.Run(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
