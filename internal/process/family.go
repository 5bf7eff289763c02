package process

import (
	"errors"
	"os"
	"syscall"
)

// Family is everything that a service's process led to: its process group, and
// those who left the group but carry its mark.
type Family struct {
	Leader Identity // the group's first process; it may have ended
	Mark   string   // value of the census's variable that the leader was executed with; "" for none
	Held   bool     // the leader ended and was not waited for: its number is still its group's
}

// Members are the running processes of a family, the leader among them. A group
// whose number now belongs to another leader is a stranger's and has none.
func (c *Census) Members(f Family) ([]Identity, error) {
	all := c.take()
	if all.err != nil {
		return nil, all.err
	}
	var members []Identity
	var pids []int
	seen := map[int]bool{os.Getpid(): true}
	if now, ours := f.leader(); ours {
		if now.PID != 0 {
			members = append(members, now)
		}
		seen[f.Leader.PID] = true
		pids = all.groups[f.Leader.PID]
	}
	if f.Mark != "" {
		pids = append(pids[:len(pids):len(pids)], all.marks[f.Mark]...)
	}
	for _, pid := range pids {
		if seen[pid] {
			continue
		}
		seen[pid] = true
		// A process may end between the listing and the look: it is no member then.
		if id, err := Identify(pid); err == nil {
			members = append(members, id)
		}
	}
	return members, nil
}

// leader is the leader as it runs, zero when it has ended, and whether the
// group with its number is still its own.
func (f Family) leader() (now Identity, ours bool) {
	if f.Held || f.Leader.PID <= 1 {
		return Identity{}, f.Held
	}
	now, err := Identify(f.Leader.PID)
	return now, err != nil || f.Leader.StartTime == 0 || now == f.Leader
}

// Leaders are, by mark, the oldest marked processes that lead a group: they
// are what a family is found by when nothing else is known of it.
func (c *Census) Leaders() map[string]Identity {
	all, _ := allPIDs() // none seen, none found
	found := map[string]Identity{}
	for mark, pids := range marked(all, c.Variable) {
		for _, pid := range pids {
			id, err := Identify(pid)
			if old, known := found[mark]; err == nil && groupOf(pid) == pid && (!known || id.StartTime < old.StartTime) {
				found[mark] = id
			}
		}
	}
	return found
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
