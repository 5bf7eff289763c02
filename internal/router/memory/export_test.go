package memory

// Observe has f called whenever memory is returned to the system.
func (b *Budget) Observe(f func()) { b.observe = f }

// Observe sets what is called after each collection, with the growth that is in force.
func (c *Collector) Observe(observe func(growth int)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.observe = observe
}
