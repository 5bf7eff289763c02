package agents

import (
	"path/filepath"
	"strconv"
)

// claude is Anthropic's Claude Code in print mode.
func claude() agent {
	return agent{
		name: "claude", pkg: "@anthropic-ai/claude-code@" + pinned("@anthropic-ai/claude-code"),
		tool: "Bash", argument: "command",
		prepare: func(string, Options) error { return nil },
		args: func(task Task, opts Options) []string { // stream-json shows what text leaves out: thinking
			return []string{"-p", task.Prompt, "--model", opts.Model, "--allowedTools", "Bash,Read", "--verbose",
				"--output-format", "stream-json"}
		},
		env: func(home string, task Task, opts Options) []string {
			env := []string{
				"CLAUDE_CONFIG_DIR=" + filepath.Join(home, ".claude"),
				"ANTHROPIC_BASE_URL=" + opts.RouterURL, "ANTHROPIC_AUTH_TOKEN=" + opts.Key,
				"CLAUDE_CODE_MAX_RETRIES=1", // 10 by default: a refused key would take minutes to show
				"ANTHROPIC_MODEL=" + opts.Model, "ANTHROPIC_DEFAULT_HAIKU_MODEL=" + opts.FastModel,
				"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1",
				"DISABLE_AUTOUPDATER=1",
			}
			if task.CompactAt > 0 {
				env = append(env, "CLAUDE_CODE_AUTO_COMPACT_WINDOW="+strconv.Itoa(task.CompactAt))
			}
			return env
		},
	}
}
