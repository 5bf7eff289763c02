package autostart

import (
	"os"
	"strconv"
	"strings"
)

// agentText is the template of the agent's property list. launchd restarts the agent unless it
// ended successfully, and does not end the processes that the agent started
// (launchd.plist(5)).
const agentText = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- FlowGate: written by the target service:install, removed by service:uninstall. -->
<plist version="1.0">
<dict>
	<key>Label</key><string>{{.Name}}</string>
	<key>ProgramArguments</key>
	<array>
		<string>{{.Program}}</string>
		<string>supervisor:run</string>
		<string>-up</string>{{if .Config}}
		<string>-config={{.Config}}</string>{{end}}
	</array>
	<key>WorkingDirectory</key><string>{{.Dir}}</string>
	{{- if .State}}
	<key>EnvironmentVariables</key><dict><key>XDG_STATE_HOME</key><string>{{.State}}</string></dict>
	{{- end}}
	<key>RunAtLoad</key><true/>
	<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
	<key>AbandonProcessGroup</key><true/>
	<key>ExitTimeOut</key><integer>90</integer>
	<key>StandardOutPath</key><string>{{.Log}}</string>
	<key>StandardErrorPath</key><string>{{.Log}}</string>
</dict>
</plist>
`

// launchd returns the manager of macOS.
func launchd() manager {
	domain := "gui/" + strconv.Itoa(os.Getuid())
	return manager{
		text: agentText,
		escape: func(u unit) (unit, error) {
			xml := strings.NewReplacer(`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`)
			return unit{
				Name: xml.Replace(u.Name), Program: xml.Replace(u.Program), Config: xml.Replace(u.Config),
				Dir: xml.Replace(u.Dir), Log: xml.Replace(u.Log), State: xml.Replace(u.State),
			}, nil
		},
		enable: func(u Unit, start bool) [][]string {
			if !start { // launchd loads it at the next login
				return nil
			}
			return [][]string{{"launchctl", "bootstrap", domain, u.File}}
		},
		disable: func(u Unit) [][]string { return [][]string{{"launchctl", "bootout", domain + "/" + u.Name}} },
	}
}
