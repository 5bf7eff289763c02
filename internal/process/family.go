package process

import (
	"errors"
	"os"
	"syscall"
)

// Family is everything that a service's process led to: its process group, and the
// processes that left the group but carry its mark.
type Family struct {
	Leader         Identity // the group's first process; it may have ended
	Mark           string   // value of the Census's variable in the leader's environment; "" for none
	LeaderUnreaped bool     // the leader ended and was not waited for: its pid is still the group's
}

// Members returns the running processes of a family, the leader included. It returns
// none of the group when its number belongs to another leader now.
func (c *Census) Members(f Family) ([]Identity, error) {
	all := c.freshCount()
	if all.err != nil {
		return nil, all.err
	}
	var members []Identity
	var pids []int
	seen := map[int]bool{os.Getpid(): true}
	if now, ours := f.runningLeader(); ours {
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
		// A process may end between the listing and this call: it is not a member then.
		if id, err := Identify(pid); err == nil {
			members = append(members, id)
		}
	}
	return members, nil
}

// runningLeader returns the leader's identity, zero when it has ended, and whether the
// group with its pid is still the family's.
func (f Family) runningLeader() (now Identity, ours bool) {
	if f.LeaderUnreaped || f.Leader.PID <= 1 {
		return Identity{}, f.LeaderUnreaped
	}
	now, err := Identify(f.Leader.PID)
	return now, err != nil || f.Leader.StartTime == 0 || now == f.Leader
}

// Leaders returns, by mark, the oldest marked process that leads a group. It finds a
// family about which nothing else is known.
func (c *Census) Leaders() map[string]Identity {
	all, _ := AllPIDs() // without a list there are no leaders
	found := map[string]Identity{}
	for mark, pids := range findMarked(all, c.Variable) {
		for _, pid := range pids {
			id, err := Identify(pid)
			if old, known := found[mark]; err == nil && processGroup(pid) == pid && (!known || id.StartTime < old.StartTime) {
				found[mark] = id
			}
		}
	}
	return found
}

// TryWait waits for a child without blocking and returns its status; false when it has
// not ended or is not a child of the caller.
func TryWait(child int) (syscall.WaitStatus, bool) {
	var status syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(child, &status, syscall.WNOHANG, nil)
		if !errors.Is(err, syscall.EINTR) {
			return status, err == nil && pid == child
		}
	}
}
