package process

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Census lists all processes by group and by mark. Concurrent callers share one count
// that began after they called: stopping a hundred services at once takes two or three
// counts. The zero value knows no marks.
type Census struct {
	Variable string // environment variable whose value is the mark

	mu      sync.Mutex
	next    *count       // not begun yet
	running sync.Mutex   // held while a count reads the processes
	leaders map[int]bool // exempt children
}

// Exempt leaves a child that leads a family out of the counts: Members looks at the
// leader itself. Call end before the child is waited for, since another process can get
// its pid after that.
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

// count is one listing of all processes.
type count struct {
	once   sync.Once
	groups map[int][]int
	marks  map[string][]int
	err    error
}

// freshCount returns a count that began after the call.
func (c *Census) freshCount() *count {
	c.mu.Lock()
	if c.next == nil {
		c.next = &count{}
	}
	n := c.next
	c.mu.Unlock()
	n.once.Do(func() {
		c.running.Lock()
		defer c.running.Unlock()
		c.mu.Lock()
		c.next = nil // later callers get another count
		exempt := maps.Clone(c.leaders)
		c.mu.Unlock()
		n.read(c.Variable, exempt)
	})
	return n
}

// read lists the processes that are not exempt.
func (n *count) read(variable string, exempt map[int]bool) {
	n.groups, n.marks = map[int][]int{}, map[string][]int{}
	pids, err := AllPIDs()
	n.err = err
	pids = slices.DeleteFunc(pids, func(pid int) bool { return exempt[pid] })
	for _, pid := range pids {
		if group := processGroup(pid); group > 0 {
			n.groups[group] = append(n.groups[group], pid)
		}
	}
	if variable != "" {
		n.marks = findMarked(pids, variable)
	}
}

// processGroup returns the process group of a process, 0 when that is not known.
func processGroup(pid int) int {
	group, err := unix.Getpgid(pid)
	if err != nil {
		return 0
	}
	return group
}

// findMarked returns the processes of this user that have the variable in their
// environment, by its value. Processes of other users are left out: they could carry a
// copied mark. One buffer serves all of them, since a plain status reads every process.
func findMarked(pids []int, variable string) map[string][]int {
	marks := map[string][]int{}
	block := make([]byte, 0, 16<<10)
	for _, pid := range pids {
		if processGroup(pid) == 0 { // a thread of the kernel, mostly as many as all others
			continue
		}
		block = readEnviron(pid, block)
		if mark := environValue(block, variable); mark != "" && isOwnProcess(pid) {
			marks[mark] = append(marks[mark], pid)
		}
	}
	return marks
}

// environValue returns the value of a variable in a block of NUL-terminated ones.
func environValue(block []byte, variable string) string {
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
