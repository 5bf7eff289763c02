package drill

import "context"

func fillDisk(context.Context, *stack) error { return nil }

func mountDisk(*stack) error { return skipError{"a disk of its own needs a disk image on macOS"} }
