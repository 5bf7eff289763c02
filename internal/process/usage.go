package process

import "time"

// Usage is what a process uses now.
type Usage struct {
	CPU     time.Duration // since it began, user and system
	RSS     int64         // bytes of memory
	Files   int           // descriptors; -1 where that is not told
	Sockets int           // those of them that are sockets; -1 where that is not told
}
