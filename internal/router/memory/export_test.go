package memory

// Observe has f called whenever memory is returned to the system.
func (b *Budget) Observe(f func()) { b.observe = f }
