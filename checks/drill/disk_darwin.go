package drill

import "context"

// fillDisk does nothing: mountDisk skips the drill on macOS.
func fillDisk(context.Context, *stack) error { return nil }

// mountDisk skips the drill.
func mountDisk(*stack) error { return skipError{"a disk of its own needs a disk image on macOS"} }
