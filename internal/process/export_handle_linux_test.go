package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// Unpollable is a handle that Go's poller does not take, as when all watches of
// the user are in use.
func Unpollable(id Identity) *Handle {
	fd, _ := unix.PidfdOpen(id.PID, 0)
	return &Handle{id: id, file: os.NewFile(uintptr(fd), "pidfd")}
}
