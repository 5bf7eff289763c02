package doctor_test

import "path/filepath"

// Files of clients in the home folder of a stack.
const (
	codexSettings  = "home/.codex/config.toml"
	claudeSettings = "home/.claude/settings.json"
	geminiSettings = "home/.gemini/.env"
)

// withClient starts the stack and points a client at its router.
func withClient(name string) func(*stack) {
	return func(s *stack) {
		startStack(s)
		s.mage("client:setup", name)
	}
}

// withCodex does what withClient does, and has a Codex 0.169 on PATH.
func withCodex(s *stack) {
	s.program("node_modules/@openai/codex/bin/codex", "#!/bin/sh\n")
	s.write("node_modules/@openai/codex/package.json", `{"version": "0.169.0"}`)
	s.env = append(s.env, "PATH="+s.path("node_modules/@openai/codex/bin")+":"+filepath.Dir("/bin/sh"))
	withClient("codex")(s)
}

func clients() []breakage {
	return []breakage{
		{check: "clients.address", command: true, how: "Codex points at a port where no process listens",
			fix: "mage client:setup codex", from: withClient("codex"),
			harm: func(s *stack) func() {
				s.shell(`sed -i.old 's,^base_url = .*,base_url = "http://127.0.0.1:1/v1",' ` + codexSettings)
				return nil
			}},
		{check: "clients.key", command: true, how: "Gemini CLI has a key that the router refuses",
			fix: "mage client:setup gemini", from: withClient("gemini"),
			harm: func(s *stack) func() {
				s.shell("sed -i.old 's,^GEMINI_API_KEY=.*,GEMINI_API_KEY=sk-another-key-0123456789,' " + geminiSettings)
				return nil
			}},
		{check: "clients.settings", how: "Codex 0.169 with a profile, which it stops at since 0.162", fix: "take these keys out",
			from: withCodex,
			harm: func(s *stack) func() {
				before := s.read(codexSettings)
				s.write(codexSettings, "profile = \"mine\"\n"+before)
				return func() { s.write(codexSettings, before) }
			}},
		{check: "clients.environment", how: "Claude Code with an ANTHROPIC_API_KEY in the environment", fix: "unset the variable",
			from: withClient("claude"),
			harm: func(s *stack) func() {
				s.env = append(s.env, "ANTHROPIC_API_KEY=sk-another-key-0123456789")
				return func() { s.env = append(s.env, "ANTHROPIC_API_KEY=") }
			}},
	}
}
