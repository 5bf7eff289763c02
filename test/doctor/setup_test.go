package doctor_test

import (
	"fmt"
	"os"
	"strings"
)

const settings = "config/flowgate.yaml"

// running is an installation whose stack is up.
func running(s *stack) { s.mage("start") }

// stopped is one whose profile was generated, and whose stack is down.
func stopped(s *stack) { s.mage("profile:set", "balanced") }

// withUpstream puts the double of CLIProxyAPI in the echo's place.
func withUpstream(s *stack) {
	s.edit(settings, "    runtime: echo", s.command("cliproxyapi-double", "-config="+s.path("config/cliproxyapi.yaml"), "-models=router-default,router-cheap"))
	s.mage("start")
}

// withUpstreamDown is the same, not started.
func withUpstreamDown(s *stack) {
	withUpstream(s)
	s.mage("stop")
}

// withStore puts the double into the store, as an installed version.
func withStore(s *stack) {
	s.install("7.2.99")
	s.edit(settings, "    runtime: echo", "    runtime: cliproxyapi\n    readiness_path: /healthz\n    # was: echo")
	s.mage("start")
}

// install makes a version of the double the active one of the store.
func (s *stack) install(version string) {
	s.t.Helper()
	store := ".router/store/cliproxyapi/"
	dir := version + "-0123456789ab"
	s.program(store+dir+"/cli-proxy-api-plus", fmt.Sprintf("#!/bin/sh\nexec %s cliproxyapi-double -version=%s -models=router-default,router-cheap \"$@\"\n", os.Args[0], version))
	_ = os.Remove(s.path(store + "current"))
	if err := os.Symlink(dir, s.path(store+"current")); err != nil {
		s.t.Fatal(err)
	}
}

// withRouter puts the double of LiteLLM in the embedded router's place.
func withRouter(s *stack) {
	work := s.path("work")
	if err := os.Mkdir(work, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.edit(settings, "    runtime: embedded", strings.Replace(s.command("litellm-double", fmt.Sprintf("-port=%d", s.port), "-models=router-default,router-cheap"), "/healthz", "/health/readiness", 1))
	s.edit(settings, "]}\n    readiness_path: /health/readiness", "], cwd: "+work+"}\n    readiness_path: /health/readiness")
	s.mage("start")
}

// withVenv names a LiteLLM in a virtual environment that is there but does not
// run; the stack stays down.
func withVenv(s *stack) {
	s.edit(settings, "    runtime: embedded", "    runtime: litellm")
	s.program(".venv/bin/python", "#!/bin/sh\n[ \"$*\" = \"-m pip install prisma\" ] && mkdir "+s.path(".venv/lib/python3.11/site-packages/prisma")+"\n")
	s.program(".venv/bin/litellm", "#!"+s.path(".venv/bin/python")+"\n")
	s.write(".venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.7\n")
	s.write(".venv/lib/python3.11/site-packages/prisma/__init__.py", "")
	stopped(s)
}

// command is the YAML of a service that runs this test binary.
func (s *stack) command(args ...string) string {
	words := strings.Join(append([]string{os.Args[0]}, args...), `", "`)
	return fmt.Sprintf("    command: {args: [\"%s\"]}\n    readiness_path: /healthz #", words)
}

// program writes an executable file.
func (s *stack) program(name, text string) {
	s.t.Helper()
	s.write(name, text)
	if err := os.Chmod(s.path(name), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// changed is a change in the configuration that is put in force, and undone by
// hand in the same way; the stack is down.
func changed(name, old, new string) func(*stack) func() {
	return func(s *stack) func() {
		s.edit(name, old, new)
		stopped(s)
		return func() {
			s.edit(name, new, old)
			stopped(s)
		}
	}
}

// edited is a change in a file, undone by hand.
func edited(name, old, new string) func(*stack) func() {
	return func(s *stack) func() {
		s.edit(name, old, new)
		return func() { s.edit(name, new, old) }
	}
}

// typed is what somebody typed by mistake; a command of the report mends it.
func typed(line string) func(*stack) func() {
	return func(s *stack) func() {
		s.shell(line)
		return nil
	}
}
