package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// isOurs reports whether a process runs as this process's user in every way:
// the owner of /proc/PID does not say so, since it is root's for a process that
// hides its memory.
func isOurs(pid int) bool {
	raw, err := readProc(pid, "status", make([]byte, 0, 2<<10))
	if err != nil {
		return false
	}
	_, rest, ok := bytes.Cut(raw, []byte("\nUid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	users, me := bytes.Fields(line), []byte(strconv.Itoa(os.Geteuid()))
	for _, user := range users { // real, effective, saved, file system
		if !bytes.Equal(user, me) {
			return false
		}
	}
	return ok && len(users) > 0
}

// commandOf is the executable of a process and the arguments that it was executed with.
func commandOf(pid int) (executable string, args []string) {
	dir := "/proc/" + strconv.Itoa(pid)
	executable, _ = os.Readlink(dir + "/exe") // "" when it cannot be seen
	text, _ := os.ReadFile(dir + "/cmdline")
	return strings.TrimSuffix(executable, " (deleted)"), strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
