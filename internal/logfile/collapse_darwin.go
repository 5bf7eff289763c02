package logfile

import (
	"errors"
	"os"
)

// collapseFront is what no file system of macOS can.
func collapseFront(*os.File, int64) error { return errors.ErrUnsupported }
