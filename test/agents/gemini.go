package agents

import (
	"os"
	"path/filepath"
)

// geminiSettings choose the key as the way to sign in. Statistics and the update check
// would call out.
const geminiSettings = `{"security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
"privacy": {"usageStatisticsEnabled": false}, "telemetry": {"enabled": false},
"general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false}}
`

// gemini is Google's Gemini CLI in headless mode.
func gemini() agent {
	return agent{
		name: "gemini", pkg: "@google/gemini-cli@" + pinned("@google/gemini-cli"),
		tool: "run_shell_command", argument: "command", isSilent: true,
		prepare: func(home string, _ Options) error {
			if err := os.MkdirAll(filepath.Join(home, ".gemini"), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(home, ".gemini", "settings.json"), []byte(geminiSettings), 0o600)
		},
		args: func(task Task, opts Options) []string {
			args := []string{"-p", task.Prompt, "-o", "stream-json", "-m", opts.Model, "--skip-trust"}
			if opts.Tool {
				args = append(args, "--approval-mode", "yolo")
			}
			if task.Image != "" {
				args = append(args, "--include-directories", filepath.Dir(task.Image))
			}
			return args
		},
		env: func(_ string, _ Task, opts Options) []string {
			return []string{"GOOGLE_GEMINI_BASE_URL=" + opts.RouterURL, "GEMINI_API_KEY=" + opts.Key}
		},
	}
}
