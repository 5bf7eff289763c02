package drill

import "context"

func fillDisk(context.Context, *stack) error { return nil }

func ownDisk(*stack) error { return skipped{"a disk of its own needs a disk image on macOS"} }
