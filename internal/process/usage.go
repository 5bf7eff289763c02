package process

import "time"

// Usage is what a process uses now.
type Usage struct {
	CPU     time.Duration // user and system time since it began
	RSS     int64         // resident memory in bytes
	Files   int           // open descriptors; -1 where that is unknown
	Sockets int           // open sockets among them; -1 where that is unknown
}
