package rightstest

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Operations and sizes of the protocol between the kernel and a file system in
// user space (fuse(4), include/uapi/linux/fuse.h).
const (
	fuseLookup  = 1
	fuseGetattr = 3
	fuseInit    = 26

	fuseHeader = 16 // of a reply: length, error, number of the request
)

// HungDisk mounts a file system at dir that never answers requests about a file in it:
// a process that opens one waits in the kernel and does not end by SIGKILL, until undo
// or the end of the test. waits is closed when the first one waits. It requires the
// right Mount.
func HungDisk(t testing.TB, dir string) (waits <-chan struct{}, undo func()) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("file systems in user space are not available: ", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, os.Geteuid(), os.Getegid())
	if err := syscall.Mount("hung", dir, "fuse.hung", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		_ = unix.Close(fd)
		t.Skip("file systems in user space are not available: ", err)
	}
	kernel := os.NewFile(uintptr(fd), "fuse")
	done, waiting := make(chan struct{}), make(chan struct{})
	go func() { defer close(done); answerAllButLookups(fd, sync.OnceFunc(func() { close(waiting) })) }()
	undo = func() {
		_ = syscall.Unmount(dir, syscall.MNT_FORCE) // aborts what waits
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		<-done
		_ = kernel.Close()
	}
	t.Cleanup(func() {
		select {
		case <-done:
		default:
			undo()
		}
	})
	return waiting, undo
}

// answerAllButLookups serves an empty folder until it is unmounted. It calls onLookup
// when a process begins to wait.
func answerAllButLookups(fd int, onLookup func()) {
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR || err == unix.ENOENT || err == unix.EAGAIN {
			continue
		}
		if err != nil || n < 40 {
			return
		}
		operation, number := binary.LittleEndian.Uint32(buf[4:]), binary.LittleEndian.Uint64(buf[8:])
		switch operation {
		case fuseLookup: // never answered: its process cannot be killed
			onLookup()
		case fuseInit:
			reply(fd, number, 0, 64, func(body []byte) {
				binary.LittleEndian.PutUint32(body, 7)
				binary.LittleEndian.PutUint32(body[4:], 31)
				binary.LittleEndian.PutUint32(body[20:], 4096) // largest write
			})
		case fuseGetattr:
			reply(fd, number, 0, 104, func(body []byte) {
				binary.LittleEndian.PutUint64(body, 60)     // valid for a minute
				binary.LittleEndian.PutUint64(body[16:], 1) // the root
				binary.LittleEndian.PutUint32(body[16+60:], unix.S_IFDIR|0o755)
				binary.LittleEndian.PutUint32(body[16+64:], 2)
				binary.LittleEndian.PutUint32(body[16+68:], uint32(os.Geteuid()))
			})
		default:
			reply(fd, number, unix.ENOSYS, 0, nil)
		}
	}
}

// reply writes one reply to the kernel.
func reply(fd int, number uint64, errno syscall.Errno, size int, fill func(body []byte)) {
	out := make([]byte, fuseHeader+size)
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	binary.LittleEndian.PutUint32(out[4:], uint32(-int32(errno)))
	binary.LittleEndian.PutUint64(out[8:], number)
	if fill != nil {
		fill(out[fuseHeader:])
	}
	_, _ = unix.Write(fd, out)
}
