package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// isOwnProcess reports whether the real, effective and saved user of a process are all
// this process's effective user. The owner of /proc/PID does not say so: it is root for
// a process that hides its memory.
func isOwnProcess(pid int) bool {
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

// readCommand returns the executable of a process and the arguments that it was
// executed with.
func readCommand(pid int) (executable string, args []string) {
	dir := "/proc/" + strconv.Itoa(pid)
	executable, _ = os.Readlink(dir + "/exe") // "" when it is hidden
	text, _ := os.ReadFile(dir + "/cmdline")
	return strings.TrimSuffix(executable, " (deleted)"), strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
