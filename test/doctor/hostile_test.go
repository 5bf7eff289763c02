package doctor_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// planted is a key that is written in places where no key belongs.
const planted = "hunter2-Zq81mmVx0swp4TtR"

func TestAKeyInTheWrongPlaceIsNotRepeated(t *testing.T) {
	t.Parallel()
	// api_base with a user and a query is refused by the embedded router, and taken by LiteLLM.
	base := func(port int) string {
		return fmt.Sprintf("http://ada:%s@127.0.0.1:%d/v1?key=%s#%s", planted, port, planted, planted)
	}
	for name, harm := range map[string]func(*stack){
		"user and query of api_base, nobody there": func(s *stack) { s.deployment(base(tcptest.FreePort(t))) },
		"user and query of api_base, no host": func(s *stack) {
			s.deployment("http://ada:" + planted +
				"@127.0.0.1:no")
		},
		"an address of an include": func(s *stack) {
			s.edit(settings, "litellm_base:\n", "litellm_base:\n  include: ['https://ada:"+planted+"@host/f.yaml?token="+planted+
				"']\n")
		},
		"a value of the wrong type": func(s *stack) {
			s.edit(settings, "request_timeout: 600", "request_timeout: "+planted)
		},
		"a list of the wrong type": func(s *stack) {
			s.edit(settings, "request_timeout: 600", "request_timeout: 600\n    drop_params: ["+planted+"]")
		},
		"a quote that is not closed": func(s *stack) {
			s.edit(settings, "master_key_ref: gateway", "master_key: \""+planted)
		},
		"a key in CLIProxyAPI's broken file": func(s *stack) {
			s.write("config/cliproxyapi.yaml", "port: *"+planted+"\napi-keys: {"+planted+": 1}\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			withUpstreamDown(s)
			s.edit(settings, "    runtime: embedded",
				s.command("litellm-double", fmt.Sprintf("-port=%d", s.port), "-models=router-default,router-cheap"))
			_, _ = s.runMage("profile:set", "balanced")
			harm(s)
			for _, flags := range [][]string{{"doctor", "-online"}, {"doctor", "-online", "-format=text"},
				{"doctor", "-format=github"}, {"doctor", "-format=junit"}} {
				out, err := s.runMage(flags...)
				if text := fmt.Sprint(string(out), err); strings.Contains(text, planted) {
					at := strings.Index(text, planted)
					t.Errorf("%v: …%s…", flags, text[max(0, at-300):min(len(text), at+60)])
				}
			}
		})
	}
}

// TestAPipeInThePlaceOfAnyFileIsReportedAndNotWaitedFor puts one where nobody will
// ever write into it.
func TestAPipeInThePlaceOfAnyFileIsReportedAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		settings, "config/cliproxyapi.yaml", ".gitignore", ".router/runtime/state.json",
		".router/runtime/litellm.active.yaml",
		".router/runtime/supervisor.json", ".router/runtime/supervisor.sock", ".router/runtime/events.log",
		".router/runtime/x.pid",
		".router/runtime/management.refused", ".router/secrets/management.key", ".router/secrets/upstream.key",
		".router/secrets/gateway.key",
		".router/auths/codex-a.json", ".venv/pyvenv.cfg", ".venv/bin/litellm", "home/.codex/auth.json",
		"home/.claude/.credentials.json",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			withVenv(s)
			s.edit(settings, "    runtime: echo", s.command("cliproxyapi-double"))
			s.write(name, "")
			if err := os.Remove(s.path(name)); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(s.path(name), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, flags := range [][]string{nil, {"-fix"}} {
				// A check that waits for a pipe ends at its time limit, and says so.
				if e := s.doctor(flags...); len(e.Checks) == 0 || strings.Contains(e.dump(), "no result within") {
					t.Errorf("%v: %d checks; %s", flags, len(e.Checks), e.dump())
				}
			}
		})
	}
}

func TestAGigabyteOfEventsDoesNotDelayDoctor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	startStack(s)
	log, err := os.OpenFile(s.path(".router/runtime/events.log"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if err := log.Truncate(1 << 30); err != nil { // sparse: one line of a gigabyte of NULs
		t.Fatal(err)
	}
	if e := s.doctor(); len(e.complaints()) > 0 {
		t.Fatal(e.complaints()) // a check that reads all of it ends at its time limit, and fails
	}
}

// TestWhatAHostileUpstreamSaysIsShortAndPlain has the double answer without
// end, with ten thousand accounts, and with words for a terminal.
func TestWhatAHostileUpstreamSaysIsShortAndPlain(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"endless", "many", "drip"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.edit(settings, "    runtime: echo", s.command("cliproxyapi-double", "-config="+s.path("config/cliproxyapi.yaml"),
				"-models=router-default,router-cheap", "-hostile="+how))
			s.mage("start")
			out, _ := s.runMage("doctor", "-format=text")
			if len(out) > 100<<10 || strings.Contains(string(out), "\x1b]0;") ||
				strings.Contains(string(out), strings.TrimSpace(s.read(".router/secrets/management.key"))) {
				t.Errorf("%d bytes: %q", len(out), out[:min(len(out), 2000)])
			}
			e := s.doctor()
			isLate := func() bool { // broken code always waits for the 10 s of every check; a busy machine sometimes
				return e.Duration > 4500 || how == "many" && e.find("cliproxy.management").Status != "pass"
			}
			for end := time.Now().Add(time.Minute); isLate() && time.Now().Before(end); {
				e = s.doctor()
			}
			if len(e.dump()) > 200<<10 || isLate() || strings.Contains(e.dump(), "panicked") {
				t.Errorf("%d bytes in %.0f ms", len(e.dump()), e.Duration)
			}
			if f := e.find("credentials.usable"); how == "many" &&
				(f.Status != "warn" || !strings.Contains(string(f.Detail), "and "+strconv.Itoa(10_000-20)+" more")) {
				t.Errorf("%s %.300s", f.Status, f.Detail)
			}
		})
	}
}
