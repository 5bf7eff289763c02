package process

// Lasting is Self for another process.
func Lasting() string { return Self() }
