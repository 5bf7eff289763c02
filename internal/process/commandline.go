package process

import "os"

// AncestorCommands returns the command lines of this process's parent, of its parent, and
// so on, count of them at most.
func AncestorCommands(count int) [][]string {
	var all [][]string
	for pid := os.Getppid(); pid > 1 && len(all) < count; pid = ParentPID(pid) {
		_, args := readCommand(pid)
		all = append(all, args)
	}
	return all
}

// CommandLine returns the executable of a process and the arguments that it was executed
// with; both are empty when that cannot be seen.
func CommandLine(pid int) (executable string, args []string) { return readCommand(pid) }

// IsOwn reports whether a process runs under this user's real, effective and saved ids.
func IsOwn(pid int) bool { return isOwnProcess(pid) }
