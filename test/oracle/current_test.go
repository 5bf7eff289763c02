package oracle_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// doctor's check cliproxy.current is compared with what the server itself tells of one setting:
// after the file was edited in place, after an editor replaced it, and after a restart.
func TestDoctorKnowsWhetherTheServerHasItsFile(t *testing.T) {
	t.Parallel()
	s := start(t, unchanged)
	s.edit("config/cliproxyapi.yaml", func(text string) string { return text + "request-retry: 5\n" })
	s.agrees(5)
	s.replace("config/cliproxyapi.yaml", func(text string) string {
		return strings.Replace(text, "request-retry: 5", "request-retry: 7", 1)
	})
	s.agrees(7)
	s.run("restart", "cliproxyapi_plus")
	if status := s.agrees(7); status != "pass" {
		t.Errorf("after a restart the check says %s", status)
	}
}

// agrees waits until the check's result is what the server's own value of request-retry means, and
// returns it. The server takes a moment to notice its file, if it does.
func (s *stack) agrees(want int) string {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		before := s.requestRetry()
		status := s.current()
		after := s.requestRetry()
		if before == after && (status == "pass") == (after == want) && (status == "pass" || status == "warn") {
			s.t.Logf("the file says %d, the server has %d: %s", want, after, status)
			return status
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the file says %d, the server has %d and then %d, and the check says %q", want, before, after, status)
		}
	}
}

// current returns the status of the check cliproxy.current.
func (s *stack) current() string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, flowgate, "doctor", "-only=cliproxy.current", "-jq",
		`.checks[]|select(.id=="cliproxy.current").status`, "-raw")
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.Output()
	if err != nil {
		s.t.Logf("doctor: %v", err) // a warning is no failure, so this is shown only with one
	}
	return strings.TrimSpace(string(out))
}

// requestRetry returns the value that the server has of the setting request-retry.
func (s *stack) requestRetry() int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.direct+"/v0/management/request-retry", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(s.read(".router/secrets/management.key")))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var reply map[string]int
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		s.t.Fatalf("%s: %v", res.Status, err)
	}
	return reply["request-retry"]
}

// replace writes a changed file beside the old one and renames it, as many editors do.
func (s *stack) replace(path string, change func(string) string) {
	s.t.Helper()
	path = filepath.Join(s.dir, path)
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(change(string(text))), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
}
