package price

// MaxFound is how many models a Table remembers.
const MaxFound = maxFound

// Remembered returns how many models a Table remembers.
func (t *Table) Remembered() int { return len(t.found) }
