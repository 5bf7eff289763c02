package script_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// TestTheCommandFollowsTenMegabytesASecondAndLosesNoLine is what ten services
// of a megabyte a second write, in the two logs that a stack has.
func TestTheCommandFollowsTenMegabytesASecondAndLosesNoLine(t *testing.T) {
	t.Parallel()
	const megabytes, rate, line = 3, 5, 128 // below the 10 MB that cut a log
	const each = megabytes << 20 / line
	dir := t.TempDir()
	if out, err := shell(t, dir, binary+" init"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	logs := filepath.Join(dir, ".router", "runtime", "process-logs")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	names := []string{"cliproxyapi_plus", "litellm"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(logs, name+".log"), []byte("begin\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	follow := exec.CommandContext(t.Context(), binary, "logs", "-follow", "-n=1")
	follow.Dir = dir
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	defer writers.Wait()
	next, left := map[string]int{}, each*len(names)
	for lines := bufio.NewScanner(out); left > 0 && lines.Scan(); {
		fields := gjson.GetManyBytes(lines.Bytes(), "service", "line")
		service, text := fields[0].String(), fields[1].String()
		if text == "begin" {
			writers.Go(func() { writeAtPace(t, filepath.Join(logs, service+".log"), each, line, rate<<20) })
			continue
		}
		if want := fmt.Sprintf("line %d ", next[service]); !strings.HasPrefix(text, want) || len(text) != line-1 {
			t.Fatalf("%q: %.40q came, not %q", service, text, want)
		}
		next[service]++
		left--
	}
	writers.Wait()
	if err := follow.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := follow.Wait(); left != 0 {
		t.Errorf("%d lines are missing, %v", left, err)
	}
}

// TestAStreamEndsWithItsReader is about | head -1, whose reader leaves while
// there may be no news for hours.
func TestAStreamEndsWithItsReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, command := range []string{" init " + freePorts(t), " start"} {
		if out, err := shell(t, dir, binary+command); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	for _, command := range []string{"events -follow", "events -follow -n=0", "logs -follow -n=5", "logs -n=5",
		"events -jq=.data"} {
		begin := time.Now()
		out, err := shell(t, dir, "{ timeout 20 "+binary+" "+command+" 2>err; echo $? >>err; } | sleep 0.3; cat err")
		if took := time.Since(begin); err != nil || out != "0\n" || took > 15*time.Second {
			t.Errorf("%s: %v after %v: %s", command, err, took, out)
		}
	}
}

// writeAtPace appends numbered lines of so many bytes, at so many bytes a second.
func writeAtPace(t *testing.T, path string, lines, size, rate int) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	began := time.Now()
	for i := range lines {
		head := fmt.Sprintf("line %d ", i)
		if _, err := file.WriteString(head + strings.Repeat("x", size-len(head)-1) + "\n"); err != nil {
			t.Error(err)
			return
		}
		if i%64 == 0 {
			time.Sleep(time.Duration(i*size)*time.Second/time.Duration(rate) - time.Since(began))
		}
	}
}
