package selfexec

import (
	"fmt"
	"os"
)

// SharedPath returns a path by which another process can execute this program as long
// as this process runs, even when its file was replaced or removed (Linux).
func SharedPath() string {
	if self := Path(); self != "/proc/self/exe" {
		return self
	}
	return fmt.Sprintf("/proc/%d/exe", os.Getpid())
}
