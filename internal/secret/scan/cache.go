package scan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Cache remembers what was found in files, by path, state and blob id, for one set of
// rules. A nil Cache remembers nothing. It holds no secrets.
type Cache struct {
	seal         Seal
	path, digest string
	opened       time.Time
	before       map[string]cacheEntry

	mu    sync.Mutex
	after map[string]cacheEntry
	grown bool // an entry is new, or the old file could not be used
}

// cacheEntry is one file as it was when it was searched.
type cacheEntry struct {
	path     string
	blob     string // empty for a file that was skipped unread
	stat     stat
	skipped  string
	findings []Finding
}

// stat holds what changes when a file changes: its size in bytes, times in ns, inode.
type stat struct{ size, modified, changed, inode int64 }

// cacheFormat begins a cache file; a file that begins otherwise is not read. It counts
// up when the same rules find something else.
const cacheFormat = "flowgate scan cache 4"

// OpenCache reads the cache at path. It returns an empty Cache when the file is
// missing, was not written by this user's FlowGate, or belongs to other rules.
func OpenCache(seal Seal, path, digest string) *Cache {
	c := &Cache{seal: seal, path: path, digest: digest, opened: time.Now(), before: map[string]cacheEntry{},
		after: map[string]cacheEntry{}}
	b, err := seal.read(path)
	if err != nil {
		return c
	}
	before, err := parseCache(b, digest)
	if err == nil {
		c.before = before
	}
	c.grown = err != nil
	return c
}

// parseCache parses what Save wrote: a header with the rules' digest, then a line for
// each file, with its findings as JSON.
func parseCache(b []byte, digest string) (map[string]cacheEntry, error) {
	head, rest, _ := bytes.Cut(b, []byte("\n"))
	if string(head) != cacheFormat+" "+digest {
		return nil, fmt.Errorf("another cache: %.80q", head)
	}
	all := make(map[string]cacheEntry, bytes.Count(rest, []byte("\n")))
	lines := bufio.NewScanner(bytes.NewReader(rest))
	lines.Buffer(nil, len(rest)+1)
	for lines.Scan() {
		e, err := parseEntry(lines.Text())
		if err != nil {
			return nil, err
		}
		all[e.path] = e
	}
	return all, lines.Err()
}

// parseEntry parses one line of a cache file.
func parseEntry(line string) (e cacheEntry, err error) {
	words := strings.SplitN(line, "\t", 8)
	if len(words) != 8 {
		return e, fmt.Errorf("%d columns", len(words))
	}
	for i, n := range [...]*int64{&e.stat.size, &e.stat.modified, &e.stat.changed, &e.stat.inode} {
		if *n, err = strconv.ParseInt(words[i], 10, 64); err != nil {
			return e, err
		}
	}
	e.blob, e.skipped, e.path = words[4], words[5], words[6]
	if strings.HasPrefix(e.path, `"`) {
		if e.path, err = strconv.Unquote(e.path); err != nil {
			return e, err
		}
	}
	if words[7] != "" {
		err = json.Unmarshal([]byte(words[7]), &e.findings)
	}
	return e, err
}

// encode returns the entry as a line of a cache file.
func (e cacheEntry) encode() string {
	path, findings := e.path, ""
	if strings.ContainsAny(path, "\"\t\n\r") {
		path = strconv.Quote(path)
	}
	if len(e.findings) > 0 {
		b, err := json.Marshal(e.findings)
		if err != nil {
			return "" // cannot happen with strings and numbers
		}
		findings = string(b)
	}
	return fmt.Sprintf("%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", e.stat.size, e.stat.modified, e.stat.changed, e.stat.inode,
		e.blob, e.skipped, path, findings)
}

// findUnchanged returns the entry of a file whose size, times and inode are the same.
func (c *Cache) findUnchanged(path string, info fs.FileInfo) (cacheEntry, bool) {
	if c == nil {
		return cacheEntry{}, false
	}
	e, ok := c.before[path]
	if !ok || e.stat != statOf(info) || e.stat.changed == 0 {
		return cacheEntry{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after[path] = e
	return e, true
}

// findOld returns the entry of an earlier state of a file.
func (c *Cache) findOld(path string) (cacheEntry, bool) {
	if c == nil {
		return cacheEntry{}, false
	}
	e, ok := c.before[path]
	return e, ok && e.blob != ""
}

// put adds an entry.
func (c *Cache) put(e cacheEntry) {
	if c == nil {
		return
	}
	if e.stat.isRacy(c.opened) {
		e.stat.changed = 0 // known by its blob id only
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after[e.path], c.grown = e, true
}

// isRacy reports whether a file changed so shortly before the scan that it may have
// changed again since, within one tick of the file system's clock.
func (s stat) isRacy(now time.Time) bool {
	tick := 50 * time.Millisecond
	if s.changed%int64(time.Second) == 0 {
		tick = 2 * time.Second // this file system stores whole seconds
	}
	return now.UnixNano()-max(s.changed, s.modified) < int64(tick)
}

// Save writes what the scan saw, when that is new. git ignores the folder that it makes
// for the file.
func (c *Cache) Save() error {
	if c == nil || !c.grown && len(c.after) == len(c.before) {
		return nil
	}
	var body bytes.Buffer
	for _, e := range c.after {
		body.WriteString(e.encode())
	}
	return c.seal.write(c.path, append([]byte(cacheFormat+" "+c.digest+"\n"), body.Bytes()...))
}
