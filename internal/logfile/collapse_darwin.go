package logfile

import (
	"errors"
	"os"
)

// collapseFront removes the first n bytes of a file in one step, which appending
// writers do not notice (fallocate(2)). macOS has no such call.
func collapseFront(*os.File, int64) error { return errors.ErrUnsupported }
