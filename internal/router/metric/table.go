package metric

// table holds counts by what they have in common. It finds the last key without hashing it: most
// requests are like the one before, and a key is several texts. The zero value is empty.
type table[K comparable, V any] struct {
	entries map[K]*V

	lastKey K
	last    *V // of lastKey; nil: nothing was looked up yet
}

// find returns the counts of k; nil when there are none.
func (t *table[K, V]) find(k K) *V {
	if t.last != nil && t.lastKey == k {
		return t.last
	}
	found := t.entries[k]
	if found != nil {
		t.lastKey, t.last = k, found
	}
	return found
}

// add adds empty counts for k, and returns them.
func (t *table[K, V]) add(k K) *V {
	if t.entries == nil {
		t.entries = map[K]*V{}
	}
	t.entries[k] = new(V)
	return t.find(k)
}
