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
