package control

import (
	"context"
	"errors"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// UnwritableFault returns the fault runtime-dir-unwritable. A wait for a lock that took
// too long is told as what it is.
func UnwritableFault(dir string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New("runtime-dir-unwritable", "another command holds the lock of the runtime folder %s: %w", dir, err).
			WithHint("mage status shows what runs; try again when the other command has ended")
	}
	return fault.New("runtime-dir-unwritable", "use the runtime folder %s: %w", dir, err).
		WithHint("make it a folder of yours with room on its disk, or set paths.runtime_dir to another one")
}

// EndingFault returns the fault with which an ending supervisor refuses a command.
func EndingFault() error {
	return fault.New(CodeEnding, "the supervisor is ending").WithHint("try again in a moment")
}

// InterruptedFault returns the fault of a start that a stop interrupted.
func InterruptedFault() error {
	return fault.New("start-interrupted", "the start was interrupted by a stop").WithHint(
		"start again when you want it up: mage start",
	)
}

// CodeEnding is the code of EndingFault. The client waits for the end of the supervisor
// and tries again.
const CodeEnding = "supervisor-ending"
