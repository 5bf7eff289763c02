package vertex

// IsGoogles is isGoogles.
func IsGoogles(address string) bool { return isGoogles(address) }
