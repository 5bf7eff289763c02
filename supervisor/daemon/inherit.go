package daemon

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// InheritedFile is the file behind a descriptor that this process was given, as
// the flags -notify and -lifeline of supervisor:run name one. It is kept from
// this process's own children, and a Close ends a Read on it.
func InheritedFile(fd int) (*os.File, error) {
	if fd < 3 {
		return nil, fault.Usage("flag-invalid", "descriptor %d is no inherited file", fd)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fault.Usage("flag-invalid", "descriptor %d: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "inherited"), nil
}
