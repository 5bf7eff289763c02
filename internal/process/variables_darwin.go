package process

// Variables are the names of the environment variables that a process was
// started with; macOS keeps them from other processes.
func Variables(int) (names map[string]bool, known bool) { return nil, false }
