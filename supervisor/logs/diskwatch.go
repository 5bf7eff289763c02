package logs

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/supervisor/control"
	"golang.org/x/sys/unix"
)

// minFreeBytes is how many bytes must go into a new file beside the logs for
// their disk to count as one with room.
const minFreeBytes = 32 << 10

// DiskWatch knows whether the disk of the services' logs has any. They write to
// their logs themselves, so what a full disk costs them nobody counts: system
// calls of a process are counted by the kernel, but those to its log not apart
// from those to its connections. How long the disk was full can be said.
type DiskWatch struct {
	Dir          string
	LastWritable time.Time       // when there was room last
	affected     map[string]bool // services that ran while there was none; nil: there is room
}

// Gap is a time in which lines of logs may have been lost.
type Gap struct {
	from, to time.Time
	Services map[string]bool
}

func (g Gap) String() string {
	return fmt.Sprintf("the disk was full for up to %v, from %s to %s: lines that were written then may be missing or cut short",
		g.to.Sub(g.from).Round(time.Millisecond), g.from.UTC().Format(control.TimestampLayout), g.to.UTC().Format(control.TimestampLayout))
}

// Observe notes whether there is room; suspect says that something could not be
// written. It returns the gap that has ended, if one has.
func (r *DiskWatch) Observe(suspect bool, running []string) (ended Gap, over bool) {
	full := (suspect || r.affected != nil || r.isNearlyFull()) && r.refusesWrites()
	switch at := time.Now(); {
	case full:
		if r.affected == nil {
			r.affected = map[string]bool{}
		}
		for _, name := range running {
			r.affected[name] = true
		}
		return Gap{}, false
	default:
		ended, over = Gap{r.LastWritable, at, r.affected}, r.affected != nil
		r.LastWritable, r.affected = at, nil
		return ended, over
	}
}

// isNearlyFull reports a file system that says it has no room for us. One that counts
// no blocks has no bounds.
func (r *DiskWatch) isNearlyFull() bool {
	var fs unix.Statfs_t
	if unix.Statfs(r.Dir, &fs) != nil || fs.Blocks == 0 {
		return false
	}
	free := fs.Bavail
	if os.Geteuid() == 0 {
		free = fs.Bfree
	}
	return free < max(1, minFreeBytes/uint64(max(fs.Bsize, 512))) // ZFS counts in blocks that are larger
}

// refusesWrites tries to write as the services do. A file that cannot even be made
// says nothing: theirs are open.
func (r *DiskWatch) refusesWrites() bool {
	file, err := os.CreateTemp(r.Dir, ".room-*")
	if err != nil {
		return r.isNearlyFull()
	}
	defer file.Close()
	_ = os.Remove(file.Name())
	_, err = file.Write(make([]byte, minFreeBytes))
	err = errors.Join(err, file.Sync()) // some file systems say it late
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
