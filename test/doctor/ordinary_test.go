package doctor_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// ordinaryInstallations returns things that people rightly have, each of which some check could
// take for a mistake.
func ordinaryInstallations() map[string]func(*stack) {
	return map[string]func(*stack){
		"a fallback to an alias, a wildcard and an id": func(s *stack) {
			s.edit(settings, "  general_settings:\n    master_key_ref",
				`    - {model_name: "openai/*", model_info: {id: the-wild-one}, litellm_params: {model: "openai/*", api_base: "http://127.0.0.1:`+strconv.Itoa(s.upPort)+`/v1", api_key_ref: upstream}}
  general_settings:
    master_key_ref`)
			s.edit(settings, "    routing_strategy: simple-shuffle\n", `    routing_strategy: simple-shuffle
    model_group_alias: {quick: router-cheap}
    context_window_fallbacks: [{quick: [router-default]}, {"openai/gpt-5": [the-wild-one, quick]}]
`)
		},
		"a variable that environment_variables supplies": func(s *stack) {
			s.edit(settings, "  general_settings:\n    master_key_ref",
				"  environment_variables: {UP_BASE: \"http://127.0.0.1:"+strconv.Itoa(s.upPort)+
					"/v1\"}\n  general_settings:\n    master_key_ref")
			s.edit(settings, "api_base: http://127.0.0.1:"+strconv.Itoa(s.upPort)+"/v1", "api_base: os.environ/UP_BASE")
		},
		"a runtime folder that is a link": func(s *stack) {
			if err := os.Rename(s.path(".router"), s.path("home/elsewhere")); err != nil {
				s.t.Fatal(err)
			}
			if err := os.Symlink(s.path("home/elsewhere"), s.path(".router")); err != nil {
				s.t.Fatal(err)
			}
			s.write("home/.gitignore", "*\n")
		},
		"a host by name": func(s *stack) { s.edit(settings, "host: 127.0.0.1", "host: localhost") },
		"addresses of version 6": func(s *stack) {
			l, err := net.Listen("tcp", "[::1]:0")
			if err != nil {
				s.t.Skip("this machine has no ::1")
			}
			_ = l.Close()
			s.edit(settings, "host: 127.0.0.1", "host: \"::1\"")
			s.edit(settings, "http://127.0.0.1:", "http://[::1]:")
		},
	}
}

func TestOrdinaryInstallationsGetNoComplaint(t *testing.T) {
	t.Parallel()
	for name, arrange := range ordinaryInstallations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			arrange(s)
			s.mage("profile:set", "balanced")
			if e := s.doctor(); len(e.complaints()) > 0 {
				t.Fatalf("%v: %s", e.complaints(), e.find(e.complaints()[0]).Detail)
			}
			s.mage("start")
			if e := s.doctor(); len(e.complaints()) > 0 {
				t.Fatalf("up: %v: %s", e.complaints(), e.find(e.complaints()[0]).Detail)
			}
		})
	}
}

func TestAFolderWithANameThatIsNotASCIIIsIgnoredLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	name := "josé's [1] \"folder\""
	if err := os.Mkdir(s.path(name), 0o700); err != nil {
		t.Fatal(err)
	}
	s.dir = filepath.Join(s.dir, name)
	s.mage("init", "-port="+strconv.Itoa(s.port), "-upstream-port="+strconv.Itoa(s.upPort))
	if f := s.doctor("-only=folder.ignored").find("folder.ignored"); f.Status != "pass" {
		t.Fatalf("%s %s", f.Status, f.Detail)
	}
	if err := os.Remove(s.path(".gitignore")); err != nil {
		t.Fatal(err)
	}
	if f := s.doctor("-only=folder.ignored", "-fix").find("folder.ignored"); f.Status != "pass" || len(f.Mended) == 0 {
		t.Fatalf("after -fix: %s %s", f.Status, f.Detail)
	}
}

func TestAConfigurationThatHoldsKeysAndThatGitTakesIsNamed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	find := func(flags ...string) finding {
		return s.doctor(append([]string{"-only=folder.ignored"}, flags...)...).find("folder.ignored")
	}
	if f := find(); f.Status != "pass" {
		t.Fatalf("without keys: %s %s", f.Status, f.Detail)
	}
	s.edit(settings, "    request_timeout: 600",
		"    request_timeout: 600\n    cache_params: {password: s3cr3t-Xk2kq81Lmmz0Qw}")
	s.mage("trust")
	named := func(how string, f finding) {
		t.Helper()
		if f.Status != "fail" || !strings.Contains(string(f.Detail), settings) ||
			!strings.Contains(f.Fix.Text, "move them into files") {
			t.Errorf("%s: %s %s %+v", how, f.Status, f.Detail, f.Fix)
		}
	}
	named("not ignored", find())
	s.shell("git add -f " + settings + " && echo /" + settings + " >> .gitignore")
	named("ignored, and tracked all the same", find())
	s.shell("cp .gitignore before")
	named("after -fix", find("-fix"))
	s.shell("cmp .gitignore before")
	s.shell("git rm -q --cached " + settings)
	if f := find(); f.Status != "pass" {
		t.Errorf("ignored: %s %s", f.Status, f.Detail)
	}
}

// TestModelsOfTheUpstreamAreMissingOnlyWhereThatCanBeKnown has names that the
// server takes and does not list, and accounts whose models are not known while
// it is down.
func TestModelsOfTheUpstreamAreMissingOnlyWhereThatCanBeKnown(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	s.edit(settings, "model: openai/router-cheap", "model: openai/router-cheap(high)")
	s.mage("profile:set", "balanced")
	if f := s.doctor().find("stack.models"); f.Status != "pass" {
		t.Errorf("an effort behind the name: %s %s", f.Status, f.Detail)
	}
	s.mage("stop")
	s.write("config/cliproxyapi.yaml", s.read("config/cliproxyapi.yaml")+
		"\nopenai-compatibility:\n  - {name: a, models: [{name: other, alias: other}]}\n")
	if f := s.doctor().find("stack.models"); f.Status != "fail" {
		t.Errorf("no account is signed in: %s %s", f.Status, f.Detail)
	}
	s.credential("", "rt-1", 0, 9*24*time.Hour)
	if f := s.doctor().find("stack.models"); f.Status != "skip" {
		t.Errorf("an account is signed in: %s %s", f.Status, f.Detail)
	}
}

// TestAnotherProgramThatIsDownIsNotToBecomeTheUpstream is about an Ollama of
// one's own, which FlowGate neither starts nor replaces.
func TestAnotherProgramThatIsDownIsNotToBecomeTheUpstream(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.deployment("http://127.0.0.1:" + strconv.Itoa(tcptest.FreePort(t)))
	if f := s.doctor().find("stack.address"); f.Status != "fail" || !strings.Contains(f.Fix.Text, "start the program") {
		t.Errorf("of unknown kind: %+v", f)
	}
	s.edit(settings, "model: openai/x", "model: ollama_chat/x")
	if f := s.doctor().find("stack.address"); f.Status != "warn" ||
		!strings.Contains(string(f.Detail), "no ollama_chat listens") {
		t.Errorf("an Ollama: %s %s", f.Status, f.Detail)
	}
}

// TestAnExaminationLastsAsLongAsTheSlowestCheck stops every service in its
// tracks: their sockets take connections and nothing answers.
func TestAnExaminationLastsAsLongAsTheSlowestCheck(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	for _, service := range []string{"cliproxyapi_plus", "litellm"} {
		pid := s.pid(service)
		s.signal(pid, syscall.SIGSTOP)
		t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	}
	e := s.doctor()
	if f := e.find("cliproxy.reachable"); f.Status != "fail" {
		t.Fatalf("%+v", f)
	}
	if e.Duration > 4500 { // three seconds, and a machine that is busy with other tests
		t.Errorf("took %.0f ms: timeouts add up", e.Duration)
	}
}

// TestKeysAreNotSentToAStrangerOnAServicePort has a service that lives without
// its port, and a foreign process that answers there as it would.
func TestKeysAreNotSentToAStrangerOnAServicePort(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	double := s.pid("cliproxyapi_plus")
	s.signal(double, syscall.SIGUSR1)
	got := make(chan string, 100)
	var l net.Listener
	await(t, "the port is left", func() bool {
		var err error
		l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(s.upPort))
		return err == nil
	})
	stranger := &http.Server{ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got <- r.Header.Get("Authorization")
			_, _ = w.Write([]byte(`{"status":"ok","files":[],"data":[]}`))
		})}
	go func() { _ = stranger.Serve(l) }()
	defer func() { _ = stranger.Close() }()
	e := s.doctor()
	if e.find("ports.available").Status != "fail" {
		t.Fatalf("%+v", e.find("ports.available"))
	}
	for len(got) > 0 {
		if key := <-got; key != "" {
			t.Errorf("the stranger got %.12s…", key)
		}
	}
}

// TestOldConfigurationsGetTheComplaintsThatTheyDeserve takes files of the
// Python tool to a machine on which nothing was installed or started yet.
func TestOldConfigurationsGetTheComplaintsThatTheyDeserve(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"v1-old-names": "config.current config.settings credentials.present folder.present keys.present profile.active " +
			"runtimes.installed",
		"v2-example": "config.environment credentials.present folder.present keys.present profile.active " +
			"runtimes.installed",
		"v3-no-litellm":     "credentials.present folder.present runtimes.installed",
		"old-common-layout": "config.current credentials.present folder.present profile.active runtimes.installed",
		"json-form":         "config.current folder.present profile.active settings.honoured",
		"anchors":           "config.environment folder.present profile.active",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.dir = s.path("old")
			for _, file := range []string{name + ".yaml", "v3.cliproxyapi"} {
				text, err := os.ReadFile(filepath.Join(root, "testdata", "config", "valid", file))
				if err != nil {
					t.Fatal(err)
				}
				s.write("config/"+strings.Replace(file, name+".yaml", "flowgate.yaml", 1), string(text))
			}
			// Its ports are the usual ones, which may be taken here, and the stack above it is a work tree.
			got := strings.Join(s.doctor("-skip=ports.*,folder.ignored,environment.*").complaints(), " ")
			if got != want {
				t.Errorf("complaints\n%s\nwant\n%s", got, want)
			}
		})
	}
}
