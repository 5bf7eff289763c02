package autostart

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// systemd's unit kills the supervisor alone: what a supervisor that was killed
// leaves running is adopted by the next one (systemd.kill(5)).
func systemd() manager {
	return manager{
		text: `# FlowGate: written by mage service:install, removed by mage service:uninstall.
[Unit]
Description=FlowGate supervisor ({{.Description}})
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={{.Program}} supervisor:run -up{{if .Config}} "-config={{.Config}}"{{end}}
{{- if .Dir}}
WorkingDirectory={{.Dir}}
{{- end}}
{{- if .State}}
Environment="XDG_STATE_HOME={{.State}}"
{{- end}}
Restart=on-failure
RestartSec=1
WatchdogSec=30
KillMode=process
TimeoutStopSec=90

[Install]
WantedBy=default.target
`,
		fill: escapeSystemdUnit,
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

// The four kinds of text in a unit, each with its own way to write a path:
// every value has %% for a percent sign (systemd.unit(5)); the words of a
// command line are quoted and have $$ for a dollar sign, but for the program
// itself, whose path is taken as it is (systemd.service(5)); Environment has quotes
// and no dollar signs to double (systemd.exec(5)); WorkingDirectory is
// neither quoted nor unescaped.
var (
	systemdText = strings.NewReplacer(`%`, `%%`, "\n", " ", "\r", " ")
	systemdVar  = strings.NewReplacer(`%`, `%%`, `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	systemdPath = strings.NewReplacer(`%`, `%%`)
	systemdWord = strings.NewReplacer(`%`, `%%`, `$`, `$$`, `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
)

// escapeSystemdUnit writes the paths of a unit so that systemd reads them back. A
// program or folder that it would refuse goes through env(1), whose arguments
// may hold every character.
func escapeSystemdUnit(u unit) (unit, error) {
	for _, path := range [...]string{u.Program, u.Config, u.Dir, u.State} {
		if !utf8.ValidString(path) {
			return u, fault.Usage("autostart-unsupported", "systemd takes no path that is not UTF-8: %q", path).
				WithHint("rename the folder")
		}
	}
	written := unit{Name: u.Name, Log: u.Log, Description: systemdText.Replace(u.Dir), Config: systemdWord.Replace(u.Config), State: systemdVar.Replace(u.State)}
	if strings.ContainsFunc(u.Dir, unicode.IsControl) || strings.ContainsAny(u.Program, `"'\`) || strings.ContainsFunc(u.Program, unicode.IsControl) {
		written.Program = `/usr/bin/env "--chdir=` + systemdWord.Replace(u.Dir) + `" "` + systemdWord.Replace(u.Program) + `"`
		return written, nil
	}
	written.Program = `"` + systemdPath.Replace(u.Program) + `"`
	written.Dir = strings.TrimSuffix(systemdPath.Replace(u.Dir), "/") + "/" // so that no space or backslash is the line's last
	return written, nil
}
