package autostart

import "strings"

// systemd's unit kills the supervisor alone: what a supervisor that was killed
// leaves running is adopted by the next one (systemd.kill(5)).
func systemd() manager {
	return manager{
		text: `# FlowGate: written by mage service:install, removed by mage service:uninstall.
[Unit]
Description=FlowGate supervisor for {{.Dir}}
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart="{{.Program}}" supervisor:run -up{{if .Config}} "-config={{.Config}}"{{end}}
WorkingDirectory={{.Dir}}
Restart=on-failure
RestartSec=1
WatchdogSec=30
KillMode=process
TimeoutStopSec=90

[Install]
WantedBy=default.target
`,
		// %% is a percent sign, $$ a dollar sign (systemd.unit(5), systemd.service(5)).
		escape: func(s string) string {
			return strings.NewReplacer(`%`, `%%`, `$`, `$$`, `\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
		},
		enable: func(u Unit, start bool) [][]string {
			commands := [][]string{{"systemctl", "--user", "daemon-reload"}, {"systemctl", "--user", "enable", u.Name}}
			if start {
				commands = append(commands, []string{"systemctl", "--user", "start", u.Name})
			}
			return commands
		},
		disable: func(u Unit) [][]string {
			return [][]string{{"systemctl", "--user", "disable", "--now", u.Name}}
		},
	}
}
