package process

import (
	"os"
	"strconv"
	"strings"
)

// descriptors counts the open files of a process, and the sockets among them.
func descriptors(pid int) (files, sockets int) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	file, err := os.Open(dir)
	if err != nil {
		return -1, -1
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	if err != nil {
		return -1, -1
	}
	for _, name := range names {
		if target, err := os.Readlink(dir + "/" + name); err == nil && strings.HasPrefix(target, "socket:") {
			sockets++
		}
	}
	return len(names), sockets
}
