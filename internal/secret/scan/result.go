package scan

import (
	"slices"
	"sync"
)

// Result is what a scan found and searched.
type Result struct {
	Findings []Finding
	Scanned  Scanned
}

// Scanned says what was searched and what was not.
type Scanned struct {
	Files   int   `json:"files"`
	Commits int   `json:"commits"`
	Bytes   int64 `json:"bytes"`  // text given to the rules
	Cached  int   `json:"cached"` // files and commits known from an earlier scan and not read again
	// Skipped counts, by reason, what was not searched because it has no text of this
	// repository: binary, allowed, archive, lfs-pointer, submodule, submodule-history,
	// not-checked-out; symlink (its name and its target were searched).
	Skipped map[string]int `json:"skipped"`
	// Unread lists what should have been searched and could not be; a scan with any did
	// not succeed.
	Unread []Unread `json:"unread"`
}

// Unread names something that could not be read.
type Unread struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// collector gathers results of several goroutines.
type collector struct {
	mu sync.Mutex
	Result
}

// newCollector returns a collector with an empty result.
func newCollector() *collector {
	return &collector{Result: Result{Findings: []Finding{},
		Scanned: Scanned{Skipped: map[string]int{}, Unread: []Unread{}}}}
}

// update calls f with the result under the lock.
func (c *collector) update(f func(*Result)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.Result)
}

// countSkipped counts something that was skipped.
func (c *collector) countSkipped(why string) { c.update(func(r *Result) { r.Scanned.Skipped[why]++ }) }

// addUnread adds something that could not be read.
func (c *collector) addUnread(what string, err error) {
	c.update(func(r *Result) { r.Scanned.Unread = append(r.Scanned.Unread, Unread{what, err.Error()}) })
}

// result returns what was gathered, in the order of places, with the known secrets in
// names replaced.
func (c *collector) result(s *Scanner) Result {
	s.maskFiles(c.Findings)
	for i := range c.Scanned.Unread {
		c.Scanned.Unread[i].What = s.Mask(c.Scanned.Unread[i].What)
	}
	slices.SortStableFunc(c.Findings, compare)
	c.Findings = dropDuplicates(c.Findings)
	slices.SortFunc(c.Scanned.Unread, func(a, b Unread) int {
		if a.What < b.What {
			return -1
		}
		return 1
	})
	return c.Result
}

// Add joins the result of another scan to r.
func (r *Result) Add(o Result) {
	r.Findings = append(r.Findings, o.Findings...)
	r.Scanned.Files += o.Scanned.Files
	r.Scanned.Commits += o.Scanned.Commits
	r.Scanned.Bytes += o.Scanned.Bytes
	r.Scanned.Cached += o.Scanned.Cached
	r.Scanned.Unread = append(r.Scanned.Unread, o.Scanned.Unread...)
	for why, n := range o.Scanned.Skipped {
		if r.Scanned.Skipped == nil {
			r.Scanned.Skipped = map[string]int{}
		}
		r.Scanned.Skipped[why] += n
	}
}
