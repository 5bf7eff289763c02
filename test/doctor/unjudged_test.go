package doctor_test

import (
	"os"
	"strings"
	"testing"
)

// TestWhatCannotBeJudgedIsSkippedAndDoesNotPass has an installation in which some checks find
// nothing that they could look at, or nothing that they can read.
func TestWhatCannotBeJudgedIsSkippedAndDoesNotPass(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	prepare(s)
	for _, id := range []string{"credentials.fresh", "credentials.parsable", "credentials.renewable"} {
		if f := s.doctor("-only=" + id).find(id); f.Status != "skip" || !strings.Contains(string(f.Detail), "no credential file") {
			t.Errorf("without an account: %+v %s", f, f.Detail)
		}
	}
	if err := os.MkdirAll(s.path(".router/runtime/pids/litellm.pid"), 0o700); err != nil { // no file, so not to be read
		t.Fatal(err)
	}
	s.write(".router/auths/codex-undated.json", `{"type":"codex","access_token":"x","email":"a@b.example"}`)
	s.edit(settings, "    runtime: embedded", "    command: {args: [sh]}")
	s.edit(settings, "  general_settings:\n    master_key_ref",
		"    - {model_name: odd, litellm_params: {model: openai/odd, temperature: .inf}}\n  general_settings:\n    master_key_ref")
	all := s.doctor()
	for id, why := range map[string]string{
		"ports.loopback":       "not before it runs",
		"processes.stale":      "cannot be read",
		"deployments.distinct": "cannot be compared",
		"credentials.fresh":    "is not known",
	} {
		if f := all.find(id); f.Status != "skip" || !strings.Contains(string(f.Detail), why) {
			t.Errorf("%s: %s %s", id, f.Status, f.Detail)
		}
	}
}
