package process

import (
	"fmt"
	"os"
)

// Lasting is Self for another process: it executes this program as long as
// this process runs, whatever becomes of its file.
func Lasting() string {
	if self := Self(); self != "/proc/self/exe" {
		return self
	}
	return fmt.Sprintf("/proc/%d/exe", os.Getpid())
}
