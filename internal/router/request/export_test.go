package request

// IsWeighed reports whether the prompt of a request has been weighed.
func (q *Request) IsWeighed() bool { return len(q.prompt) == 0 && q.weight > 0 }
