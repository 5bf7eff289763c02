package process

import (
	"path/filepath"
	"slices"
)

// HasCommand reports whether a process was executed by the command args, as far as that
// can be seen: its executable is args[0], or its command line names the script args[0],
// or it has the same first two arguments (another version of the program).
func HasCommand(pid int, args []string) bool {
	if len(args) == 0 {
		return false
	}
	executable, typed := readCommand(pid)
	if want, err := filepath.EvalSymlinks(args[0]); err == nil && want == executable {
		return true
	}
	return slices.Contains(typed, args[0]) ||
		len(args) > 2 && len(typed) > 2 && slices.Equal(typed[1:3], args[1:3])
}

// HasMark reports whether exactly this process runs under this user's real, effective
// and saved ids, and was executed with that value of the variable in its environment.
func (id Identity) HasMark(variable, mark string) bool {
	return id.Alive() && isOwnProcess(id.PID) && environValue(readEnviron(id.PID, nil), variable) == mark
}
