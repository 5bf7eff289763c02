package process

// Counted are the pids that a count looks at.
func (c *Census) Counted() map[int]bool {
	all := map[int]bool{}
	for _, pids := range c.freshCount().groups {
		for _, pid := range pids {
			all[pid] = true
		}
	}
	return all
}
