package report

import (
	"fmt"
	"io"
	"strings"
)

// writeGitHub writes findings, checks and the error as workflow commands of GitHub Actions:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func writeGitHub(w io.Writer, r *Report) error {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	line := func(level, title, text string) error {
		_, err := fmt.Fprintf(w, "::%s title=%s::%s\n", level, property.Replace(title), escape.Replace(text))
		return err
	}
	for _, p := range placesOf(r) {
		if p.Known {
			continue
		}
		if _, err := fmt.Fprintf(w, "::error file=%s,line=%d,title=%s::%s\n", property.Replace(p.File), max(p.Line, 1),
			property.Replace(p.Rule), escape.Replace(p.Text)); err != nil {
			return err
		}
	}
	for _, c := range r.Checks {
		level, isReported := map[Status]string{Warn: "warning", Fail: "error"}[c.Status]
		if !isReported {
			continue
		}
		if err := line(level, c.ID, reasonLine(c)); err != nil {
			return err
		}
	}
	if r.Error != nil {
		return line("error", r.Error.Code, strings.TrimSuffix(r.Error.Message+" → "+r.Error.Hint, " → "))
	}
	return nil
}
