package control

import "strings"

// GetenvIn returns a function that looks variables up in environ, as os.Getenv does
// in the environment of this process.
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
