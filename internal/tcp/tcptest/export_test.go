package tcptest

import "net"

// TakeAllRanges has this program use one range of ports, and takes all others as other programs would until
// giveBack is called.
func TakeAllRanges() (giveBack func()) {
	given.mu.Lock()
	defer given.mu.Unlock()
	before := given.ranges
	var others []net.Listener
	for first := firstPort; first < lastPort; first += portsPerRange {
		if l, err := listen(first); err == nil {
			others = append(others, l)
		}
	}
	if len(before) == 0 {
		before, others = others[:1], others[1:]
	}
	given.ranges, given.next, given.end = before[:1], 0, 0
	return func() {
		given.mu.Lock()
		defer given.mu.Unlock()
		given.ranges, given.next, given.end = before, 0, 0
		for _, l := range others {
			_ = l.Close()
		}
	}
}
