// Package tcp asks the kernel about TCP sockets on this machine: FindListener
// returns the process that listens on a port, CheckPeer the user at the other end
// of a connection, CheckFree whether a port can be bound.
//
// It never needs root, never sends data over a connection, and reports what
// another user hides as unknown. Linux answers by sock_diag(7) or /proc/net, macOS
// by lsof, the only program that this package starts. Because both have files of their
// own, the package has slightly more than 700 lines.
package tcp

import "fmt"
import "os/user"

// Holder describes the process that listens on a port. PID 0 and an empty Command
// mean a process of another user that this one may not inspect.
type Holder struct {
	PID     int    `json:"pid"`
	Command string `json:"command"` // the program's short name, never its arguments
	User    string `json:"user"`
}

// String names the holder for people. A nil Holder is "another process": the
// system does not always say which one has a port.
func (h *Holder) String() string {
	switch {
	case h == nil:
		return "another process"
	case h.PID == 0:
		return "a process of user " + h.User
	default:
		return fmt.Sprintf("process %d (%s, user %s)", h.PID, h.Command, h.User)
	}
}

// userName returns the name of the user with this id, or the id when it has no name.
func userName(uid string) string {
	u, err := user.LookupId(uid)
	if err != nil {
		return uid
	}
	return u.Username
}
