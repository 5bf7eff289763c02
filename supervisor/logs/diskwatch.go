package logs

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/supervisor/control"
)

// minFreeBytes is how much must fit into a new file beside the logs for their disk
// not to count as full.
const minFreeBytes = 32 << 10

// DiskWatch watches whether the disk of the services' logs is full. Services write
// their logs directly, so lost lines cannot be counted (the kernel does not count
// failed writes per file). Only the duration of the full disk is known.
type DiskWatch struct {
	Dir          string          // of the logs
	LastWritable time.Time       // when the disk was last seen not to be full
	affected     map[string]bool // services that ran while the disk was full; nil while it is not
}

// Gap is a time in which lines of logs may have been lost.
type Gap struct {
	from, to time.Time
	Services map[string]bool
}

// String returns the gap for people.
func (g Gap) String() string {
	return fmt.Sprintf(
		"the disk was full for up to %v, from %s to %s: lines that were written then may be missing or cut short",
		g.to.Sub(g.from).Round(time.Millisecond),
		g.from.UTC().Format(control.TimestampLayout),
		g.to.UTC().Format(control.TimestampLayout),
	)
}

// Check looks whether the disk is full, and returns the gap that has ended, if one
// has. suspect says that something could not be written; running are the services
// that write now.
func (d *DiskWatch) Check(suspect bool, running []string) (gap Gap, ended bool) {
	now := time.Now()
	if (suspect || d.affected != nil || d.isNearlyFull()) && d.refusesWrites() {
		if d.affected == nil {
			d.affected = map[string]bool{}
		}
		for _, name := range running {
			d.affected[name] = true
		}
		return Gap{}, false
	}
	gap, ended = Gap{d.LastWritable, now, d.affected}, d.affected != nil
	d.LastWritable, d.affected = now, nil
	return gap, ended
}

// isNearlyFull reports whether the file system says that this user has less than
// minFreeBytes. A file system that counts no blocks has no limit.
func (d *DiskWatch) isNearlyFull() bool {
	var fs unix.Statfs_t
	if unix.Statfs(d.Dir, &fs) != nil || fs.Blocks == 0 {
		return false
	}
	free := fs.Bavail
	if os.Geteuid() == 0 {
		free = fs.Bfree
	}
	return free < max(1, minFreeBytes/uint64(max(fs.Bsize, 512))) // ZFS counts in larger blocks
}

// refusesWrites reports whether the disk is full for a process that writes as the
// services do. It writes a file to find out. A file that cannot be created proves
// nothing, since the services have theirs open: then isNearlyFull decides.
func (d *DiskWatch) refusesWrites() bool {
	file, err := os.CreateTemp(d.Dir, ".room-*")
	if err != nil {
		return d.isNearlyFull()
	}
	defer file.Close()
	_ = os.Remove(file.Name())
	_, err = file.Write(make([]byte, minFreeBytes))
	err = errors.Join(err, file.Sync()) // some file systems report it late
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
