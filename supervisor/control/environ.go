package control

import "strings"

// GetenvIn is os.Getenv on an environment that is not this process's own.
func GetenvIn(environ []string) func(string) string {
	return func(name string) string {
		for i := len(environ) - 1; i >= 0; i-- { // the last one counts
			if value, ok := strings.CutPrefix(environ[i], name+"="); ok {
				return value
			}
		}
		return ""
	}
}
