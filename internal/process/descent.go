package process

import "syscall"

// BelongsTo reports whether the process pid is the process leader, a member of its
// process group, or descends from it.
func BelongsTo(pid, leader int) bool {
	if pid <= 0 || leader <= 0 {
		return false
	}
	if group, err := syscall.Getpgid(pid); err == nil && group == leader {
		return true
	}
	for p := pid; p > 1; p = ParentPID(p) {
		if p == leader {
			return true
		}
	}
	return false
}
