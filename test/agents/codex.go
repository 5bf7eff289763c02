package agents

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// codexConfig points Codex at the router: wire_api responses is the only one
// that it speaks. Analytics and the update check would call out.
const codexConfig = `model = %s
model_provider = "flowgate"
check_for_update_on_startup = false
[model_providers.flowgate]
name = "FlowGate"
base_url = %s
env_key = "FLOWGATE_TEST_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
[analytics]
enabled = false
`

// codex is OpenAI's Codex CLI.
func codex() agent {
	return agent{
		name: "codex", pkg: "@openai/codex@" + pinned("@openai/codex"),
		tool: "exec_command", argument: "cmd",
		prepare: func(home string, opts Options) error {
			config := fmt.Sprintf(codexConfig, strconv.Quote(opts.Model), strconv.Quote(opts.RouterURL+"/v1"))
			return os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600)
		},
		args: func(task Task, opts Options) []string {
			args := []string{"exec", "--skip-git-repo-check", "--color", "never", "--json"}
			if task.CompactAt > 0 { // a little before, as Claude Code does
				args = append(args, "-c", "model_auto_compact_token_limit="+strconv.Itoa(task.CompactAt*9/10))
			}
			if task.Image != "" {
				args = append(args, "--image="+task.Image)
			}
			if opts.Tool { // its sandbox needs rights that a container has not
				return append(args, "--dangerously-bypass-approvals-and-sandbox", task.Prompt)
			}
			return append(args, "--sandbox", "read-only", task.Prompt)
		},
		env: func(home string, _ Task, opts Options) []string {
			return []string{"CODEX_HOME=" + home, "FLOWGATE_TEST_KEY=" + opts.Key}
		},
	}
}
