package process

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"syscall"
)

// Family finds and ends everything that a service's process led to: its
// process group, and those who left the group but carry its mark.
type Family struct {
	Leader Identity // the group's first process; it may have ended
	Mark   string   // "NAME=value", a variable that the leader was executed with; "" for none
}

// Members are the running processes of the family. A group whose number now
// belongs to another leader is a stranger's and has none.
func (f Family) Members() ([]Identity, error) {
	group := f.Leader.PID
	if now, err := Identify(group); err == nil && f.Leader.StartTime != 0 && now != f.Leader {
		group = 0
	}
	pids, err := allPIDs()
	if err != nil {
		return nil, err
	}
	var members []Identity
	for _, pid := range pids {
		if pid == os.Getpid() || !(group > 1 && groupOf(pid) == group || marked(pid, f.Mark)) {
			continue
		}
		// A process may end between the listing and the look: it is no member then.
		if id, err := Identify(pid); err == nil {
			members = append(members, id)
		}
	}
	return members, nil
}

// Signal sends sig to every member, and reports whether there was any.
func (f Family) Signal(sig syscall.Signal) bool {
	// The group first, in one call: nobody in it can fork away meanwhile.
	whole := f.Leader.SignalGroup(sig) == nil
	members, _ := f.Members()
	reached := whole
	for _, m := range members {
		if whole && groupOf(m.PID) == f.Leader.PID {
			continue
		}
		reached = m.Signal(sig) == nil || reached
	}
	return reached
}

// Leaders are the oldest processes with the mark that lead a group, by what
// follows prefix in it: they are what a family is found by when nothing else
// is known of it.
func Leaders(prefix string) map[string]Identity {
	pids, _ := allPIDs()
	found := map[string]Identity{}
	for _, pid := range pids {
		env := environment(pid)
		if !bytes.Contains(env, []byte(prefix)) || groupOf(pid) != pid {
			continue
		}
		for variable := range bytes.SplitSeq(env, []byte{0}) {
			name, ok := bytes.CutPrefix(variable, []byte(prefix))
			if !ok {
				continue
			}
			id, err := Identify(pid)
			if old, known := found[string(name)]; err == nil && (!known || id.StartTime < old.StartTime) {
				found[string(name)] = id
			}
		}
	}
	return found
}

func marked(pid int, mark string) bool {
	if mark == "" {
		return false
	}
	env := environment(pid)
	return bytes.Contains(env, []byte(mark)) && slices.ContainsFunc(bytes.Split(env, []byte{0}), func(variable []byte) bool {
		return string(variable) == mark
	})
}

// Collect waits without blocking for a child that has ended and returns how;
// false when it is no child of the caller, or has not ended.
func Collect(child int) (syscall.WaitStatus, bool) {
	var status syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(child, &status, syscall.WNOHANG, nil)
		if !errors.Is(err, syscall.EINTR) {
			return status, err == nil && pid == child
		}
	}
}
