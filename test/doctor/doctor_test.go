package doctor_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestABrokenConfigurationStillGetsAReportAndExitStatus2(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.edit(settings, "config_version: 2", "config_version: 2\nconfig_version: 2")
	out, err := s.runMage("doctor")
	if err == nil || !strings.Contains(err.Error(), "exit status 2") || !strings.Contains(err.Error(), "flowgate.yaml:") {
		t.Fatalf("%v", err)
	}
	var e examination
	if err := json.Unmarshal(out, &e); err != nil || e.Error == nil || e.Error.Code != "config-invalid" {
		t.Fatalf("%v: %s", err, out)
	}
	if e.find("config.valid").Status != "fail" || e.find("ports.available").Status != "skip" ||
		e.find("environment.files").Status != "pass" {
		t.Fatalf("%+v", e.Checks)
	}
}

func TestAWrongManagementKeyIsNotTriedUntilTheServerBansUs(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	key := s.read(".router/secrets/management.key")
	s.write(".router/secrets/management.key", "sk-another-key-0123456789\n")
	for i := range 8 {
		e := s.doctor()
		want := "is not the server's"
		if i > 0 {
			want = "was refused before"
		}
		if f := e.find("cliproxy.management"); f.Status != "fail" || !strings.Contains(string(f.Detail), want) {
			t.Fatalf("run %d: %s %s", i, f.Status, f.Detail)
		}
	}
	s.write(".router/secrets/management.key", key)
	if f := s.doctor().find("cliproxy.management"); f.Status != "pass" {
		t.Fatalf("the right key: %s %s", f.Status, f.Detail)
	}
}

func TestAPidFileOfSomebodyElsesProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.mage("profile:set", "balanced")
	s.write(".router/runtime/pids/litellm.pid", strconv.Itoa(os.Getpid()))
	f := s.doctor("-fix").find("processes.stale")
	if f.Status != "warn" || len(f.Mended) > 0 || !strings.Contains(string(f.Detail), `"pid":`+strconv.Itoa(os.Getpid())) {
		t.Fatalf("%+v %s", f, f.Detail)
	}
	if _, err := os.Stat(s.path(".router/runtime/pids/litellm.pid")); err != nil {
		t.Fatal(err)
	}
}

func TestAStackThatWasNeverStartedIsNotAFailure(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.dir = folder(t) // no folder of a stack is above it
	e := s.doctor("-only=config.*,folder.*,profile.*,services.*,processes.*,stack.*,keys.*")
	if got := e.complaints(); len(got) > 0 {
		t.Fatalf("complaints %v", got)
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) > 0 {
		t.Fatalf("an examination left %v (%v)", entries, err)
	}
}

// TestDamagedFilesAreFindingsAndNoCrash puts anything in the place of the files
// that doctor reads besides the configuration.
func TestDamagedFilesAreFindingsAndNoCrash(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstreamDown(s)
	for _, name := range []string{".router/runtime/state.json", ".router/runtime/litellm.active.yaml",
		".router/runtime/supervisor.json", ".router/runtime/events.log", "config/cliproxyapi.yaml",
		".router/secrets/management.key"} {
		before, _ := os.ReadFile(s.path(name))
		for _, bad := range []string{"", "\x00\xff\xfe", "{", "[]", "null", strings.Repeat("a: &a [*a, *a]\n", 3),
			strings.Repeat("x", 1<<20)} {
			s.write(name, bad)
			if e := s.doctor(); len(e.Checks) == 0 || strings.Contains(e.dump(), "panicked") {
				t.Errorf("%s = %.20q: %s", name, bad, e.dump())
			}
		}
		s.write(name, string(before))
	}
}

func (e examination) dump() string {
	text, _ := json.Marshal(e)
	return string(text)
}

func TestTenThousandCredentialFilesAreExaminedAndFewAreNamed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i := range 10_000 {
		s.write(".router/auths/codex-"+strconv.Itoa(i)+".json", `{"type":"codex"`)
	}
	f := s.doctor().find("credentials.parsable")
	var detail struct {
		Accounts []json.RawMessage
		Examined int
	}
	if err := json.Unmarshal(f.Detail, &detail); err != nil || f.Status != "fail" || detail.Examined != 10_000 ||
		len(detail.Accounts) != 20 {
		t.Fatalf("%s, %d examined, %d named (%v)", f.Status, detail.Examined, len(detail.Accounts), err)
	}
}

func TestACommandThatListensEverywhereIsFoundWhateverTheConfigurationSays(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withRouter(s)
	s.edit(settings, `"litellm-double"`, `"litellm-double", "-host=0.0.0.0"`)
	s.mage("restart", "litellm")
	if f := s.doctor().find("ports.loopback"); f.Status != "warn" ||
		!strings.Contains(string(f.Detail), "listens on more than 127.0.0.1") {
		t.Fatalf("%s %s", f.Status, f.Detail)
	}
}

func TestAnOldConfigurationWhoseUpstreamWantsAKeyGetsReady(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	s.mage("stop")
	s.edit(settings, "    readiness_path: /healthz #", "    #") // the default of a command is /v1/models
	s.mage("start")
	if e := s.doctor(); !e.OK || e.find("services.ready").Status != "pass" {
		t.Fatalf("%v", e.complaints())
	}
}

func TestAnAddressFromTheEnvironmentIsExamined(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.edit(settings, "api_base: http://127.0.0.1:"+strconv.Itoa(s.upPort)+"/v1", "api_base: os.environ/FLOWGATE_TEST_BASE")
	s.env = append(s.env, "FLOWGATE_TEST_BASE=http://127.0.0.1:1/v1")
	prepare(s)
	if f := s.doctor().find("stack.address"); f.Status != "fail" ||
		!strings.Contains(string(f.Detail), "no process listens") {
		t.Fatalf("%s %s", f.Status, f.Detail)
	}
}

func TestOneIgnoredFolderCoversWhatIsInIt(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.shell(": > .gitignore")
	s.doctor("-fix")
	if got := s.read(".gitignore"); got != "/.router/\n/config/cliproxyapi.yaml\n" {
		t.Fatalf("%q", got)
	}
}
