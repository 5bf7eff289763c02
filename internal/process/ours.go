package process

import (
	"path/filepath"
	"slices"
)

// Executes reports whether a process was executed by the command args, as far
// as can be seen: its executable is args[0], or its command line names the
// script args[0], or it is another version of the program with the same first
// two arguments.
func Executes(pid int, args []string) bool {
	if len(args) == 0 {
		return false
	}
	executable, typed := commandOf(pid)
	if want, err := filepath.EvalSymlinks(args[0]); err == nil && want == executable {
		return true
	}
	return slices.Contains(typed, args[0]) ||
		len(args) > 2 && len(typed) > 2 && slices.Equal(typed[1:3], args[1:3])
}

// HasMark reports whether exactly this process runs, as this user in every
// way, and was executed with that value of a variable in its environment.
func (id Identity) HasMark(variable, mark string) bool {
	return id.Alive() && isOurs(id.PID) && valueOf(environment(id.PID, nil), variable) == mark
}
