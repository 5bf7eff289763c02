package autostart

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// systemd returns the manager of Linux. Its unit makes systemd end only the supervisor
// (KillMode in systemd.kill(5)), because the next supervisor adopts the running services.
func systemd() manager {
	return manager{
		render: renderUnit,
		escape: escapeSystemdUnit,
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

// The four kinds of text in a unit escape a path differently. Every value has %% for a
// percent sign (systemd.unit(5)). The words of a command line are quoted and have $$ for
// a dollar sign, except in the path of the program itself (systemd.service(5)).
// Environment is quoted and does not double dollar signs (systemd.exec(5)).
// WorkingDirectory is neither quoted nor unescaped.
var (
	systemdText = strings.NewReplacer(`%`, `%%`, "\n", " ", "\r", " ")
	systemdVar  = strings.NewReplacer(`%`, `%%`, `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	systemdPath = strings.NewReplacer(`%`, `%%`)
	systemdWord = strings.NewReplacer(`%`, `%%`, `$`, `$$`, `\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
)

// escapeSystemdUnit returns a unit with its paths escaped for systemd. When systemd would
// refuse the path of the program or folder, the unit runs env(1), whose arguments may contain
// every character. Fault: autostart-unsupported.
func escapeSystemdUnit(u unit) (unit, error) {
	for _, path := range [...]string{u.Program, u.Config, u.Dir, u.State} {
		if !utf8.ValidString(path) {
			return u, fault.Usage("autostart-unsupported", "systemd does not accept a path that is not UTF-8: %q", path).
				WithHint("rename the folder")
		}
	}
	escaped := unit{Name: u.Name, Log: u.Log, Description: systemdText.Replace(u.Dir),
		Config: systemdWord.Replace(u.Config), State: systemdVar.Replace(u.State)}
	if strings.ContainsFunc(u.Dir, unicode.IsControl) || strings.ContainsAny(u.Program, `"'\`) ||
		strings.ContainsFunc(u.Program, unicode.IsControl) {
		escaped.Program = `/usr/bin/env "--chdir=` + systemdWord.Replace(u.Dir) + `" "` + systemdWord.Replace(u.Program) + `"`
		return escaped, nil
	}
	escaped.Program = `"` + systemdPath.Replace(u.Program) + `"`
	// the slash at the end is for a folder whose name ends in a space or backslash
	escaped.Dir = strings.TrimSuffix(systemdPath.Replace(u.Dir), "/") + "/"
	return escaped, nil
}
