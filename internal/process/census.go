package process

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Census counts all processes by group and mark. However many ask at the same
// time, one count that began after they asked answers them all: a hundred
// services that are stopped together cost two or three. The zero value knows
// no marks.
type Census struct {
	Variable string // of the environment, whose value is a mark

	mu      sync.Mutex
	next    *count     // has not begun
	one     sync.Mutex // held by the count that goes on
	leaders map[int]bool
}

// Exempt has a child that leads a family left out of the counts: Members looks
// at the leader itself. The function ends that, and is to be called before the
// child is waited for, when its pid can become another's.
func (c *Census) Exempt(child int) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaders == nil {
		c.leaders = map[int]bool{}
	}
	c.leaders[child] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.leaders, child)
	}
}

// count is one look at all processes.
type count struct {
	once   sync.Once
	groups map[int][]int
	marks  map[string][]int
	err    error
}

// take returns a count that began after the call.
func (c *Census) take() *count {
	c.mu.Lock()
	if c.next == nil {
		c.next = &count{}
	}
	n := c.next
	c.mu.Unlock()
	n.once.Do(func() {
		c.one.Lock()
		defer c.one.Unlock()
		c.mu.Lock()
		c.next = nil // who asks from now on gets another
		exempt := maps.Clone(c.leaders)
		c.mu.Unlock()
		n.look(c.Variable, exempt)
	})
	return n
}

func (n *count) look(variable string, exempt map[int]bool) {
	n.groups, n.marks = map[int][]int{}, map[string][]int{}
	pids, err := allPIDs()
	n.err = err
	pids = slices.DeleteFunc(pids, func(pid int) bool { return exempt[pid] })
	for _, pid := range pids {
		if group := groupOf(pid); group > 0 {
			n.groups[group] = append(n.groups[group], pid)
		}
	}
	if variable != "" {
		n.marks = marked(pids, variable)
	}
}

// groupOf is the process group of a process, 0 when that is not known.
func groupOf(pid int) int {
	group, err := unix.Getpgid(pid)
	if err != nil {
		return 0
	}
	return group
}

// marked are the processes of this user that have the variable in their
// environment, by its value: another user may give a process whatever mark is
// seen of ours. One buffer serves all of them: to look at every process is work
// that a plain status does.
func marked(pids []int, variable string) map[string][]int {
	marks := map[string][]int{}
	block := make([]byte, 0, 16<<10)
	for _, pid := range pids {
		if groupOf(pid) == 0 { // a thread of the kernel, mostly as many as all others
			continue
		}
		block = environment(pid, block)
		if mark := valueOf(block, variable); mark != "" && isOurs(pid) {
			marks[mark] = append(marks[mark], pid)
		}
	}
	return marks
}

// valueOf is the value of a variable in a block of NUL-ended ones.
func valueOf(block []byte, variable string) string {
	name := []byte(variable + "=")
	for at := 0; ; {
		i := bytes.Index(block[at:], name)
		if i < 0 {
			return ""
		}
		at += i
		if at == 0 || block[at-1] == 0 {
			value, _, _ := bytes.Cut(block[at+len(name):], []byte{0})
			return string(value)
		}
		at += len(name)
	}
}
