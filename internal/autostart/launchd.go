package autostart

import (
	"os"
	"strconv"
	"strings"
)

// launchd returns the manager of macOS.
func launchd() manager {
	domain := "gui/" + strconv.Itoa(os.Getuid())
	return manager{
		render: renderAgent,
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
