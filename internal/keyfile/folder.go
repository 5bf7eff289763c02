package keyfile

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Getenv returns a function that looks variables up with getenv, and those that are not set there among the
// files of a folder: Kubernetes, Compose and systemd hand secrets to a service as files. The file has
// the name of the variable; the ends of lines after its last line do not belong to the value. The folder
// is the service's own, so its files may be links, and may be readable by the service's group.
func Getenv(folder string, getenv func(string) string) func(string) string {
	if folder == "" {
		return getenv
	}
	return func(name string) string {
		if value := getenv(name); value != "" || !isVariableName(name) {
			return value
		}
		text, err := safefile.Read(filepath.Join(folder, name), maxKeyBytes)
		if err != nil {
			return "" // as a variable that is not set; who needs it says so
		}
		return string(bytes.TrimRight(text, "\r\n"))
	}
}

// isVariableName reports whether name is the name of an environment variable, and so of no file elsewhere.
func isVariableName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
