package control

import "github.com/flowgate-go/flowgate/internal/fault"

// UnwritableFault returns the fault runtime-dir-unwritable.
func UnwritableFault(dir string, err error) error {
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
