package scan

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/trust"
)

// Cache remembers what was found in files, by path, state and blob id, for one
// set of rules. A nil Cache remembers nothing. It holds no secrets.
type Cache struct {
	path, digest string
	opened       time.Time
	before       map[string]entry

	mu    sync.Mutex
	after map[string]entry
	grown bool
}

// entry is one file as it was when it was searched.
type entry struct {
	path     string
	blob     string // empty when it was skipped before it was read
	stat     stat
	skipped  string
	findings []Finding
}

// stat changes when a file does.
type stat struct{ size, modified, changed, inode int64 }

// cacheFormat begins a cache file; another one is not read. It counts up when
// the same rules find something else.
const cacheFormat = "flowgate scan cache 3"

// maxCache bounds the cache that is read: a million files are about 150 MB.
const maxCache = 512 << 20

// OpenCache reads the cache in the file at path, One that is missing, damaged,
// not signed by this user or of other rules is an empty one.
func OpenCache(path, digest string) *Cache {
	c := &Cache{path: path, digest: digest, opened: time.Now(), before: map[string]entry{}, after: map[string]entry{}}
	b, err := readCache(path)
	if err != nil {
		return c
	}
	before, err := parseCache(path, b, digest)
	if err == nil {
		c.before = before
	}
	c.grown = err != nil
	return c
}

// readCache reads a cache file that is the user's alone.
func readCache(path string) ([]byte, error) {
	return trust.ReadState(filepath.Dir(path), path, maxCache)
}

// signCache is the keyed digest of the cache at path: one that others wrote, or
// that came with a commit, is not believed. It is "" when there is no folder for
// the key; nothing is cached then.
func signCache(path string, data []byte) string {
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return ""
	}
	return key.MAC("cache", trust.Place(filepath.Dir(path)), data)
}

// parseCache reads what render wrote: a header with the rules' digest and the
// signature of the rest, then a line for each file, with its findings as JSON.
func parseCache(path string, b []byte, digest string) (map[string]entry, error) {
	head, rest, _ := bytes.Cut(b, []byte("\n"))
	if want := cacheHead(path, digest, rest); want == "" || !hmac.Equal(head, []byte(want)) {
		return nil, fmt.Errorf("another cache: %.80q", head)
	}
	all := make(map[string]entry, bytes.Count(rest, []byte("\n")))
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

// cacheHead is the first line of a cache; "" when nothing can sign it.
func cacheHead(path, digest string, rest []byte) string {
	mac := signCache(path, append([]byte(digest+"\n"), rest...))
	if mac == "" {
		return ""
	}
	return cacheFormat + " " + digest + " " + mac
}

func parseEntry(line string) (e entry, err error) {
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

func (e entry) line() string {
	path, findings := e.path, ""
	if strings.ContainsAny(path, "\"\t\n\r") {
		path = strconv.Quote(path)
	}
	if len(e.findings) > 0 {
		b, err := json.Marshal(e.findings)
		if err != nil {
			return "" // never: strings and numbers
		}
		findings = string(b)
	}
	return fmt.Sprintf("%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", e.stat.size, e.stat.modified, e.stat.changed, e.stat.inode, e.blob, e.skipped, path, findings)
}

// unchanged returns what is known of a file that looks as it did.
func (c *Cache) unchanged(path string, info fs.FileInfo) (entry, bool) {
	if c == nil {
		return entry{}, false
	}
	e, ok := c.before[path]
	if !ok || e.stat != statOf(info) || e.stat.changed == 0 {
		return entry{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after[path] = e
	return e, true
}

// old returns what is known of another state of a file.
func (c *Cache) old(path string) (entry, bool) {
	if c == nil {
		return entry{}, false
	}
	e, ok := c.before[path]
	return e, ok && e.blob != ""
}

func (c *Cache) keep(e entry) {
	if c == nil {
		return
	}
	if e.stat.racy(c.opened) {
		e.stat.changed = 0 // known by its blob id only
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after[e.path], c.grown = e, true
}

// racy reports whether a file changed so shortly before the scan that it may
// have changed again since, within one tick of the file system's clock.
func (s stat) racy(now time.Time) bool {
	tick := 50 * time.Millisecond
	if s.changed%int64(time.Second) == 0 {
		tick = 2 * time.Second // this file system counts seconds
	}
	return now.UnixNano()-max(s.changed, s.modified) < int64(tick)
}

// Save writes what the scan saw, when that is anything new. A folder that it has
// to make for that is ignored by git.
func (c *Cache) Save() error {
	if c == nil || !c.grown && len(c.after) == len(c.before) {
		return nil
	}
	var body bytes.Buffer
	for _, e := range c.after {
		body.WriteString(e.line())
	}
	head := cacheHead(c.path, c.digest, body.Bytes())
	if head == "" {
		return nil
	}
	return writeCache(c.path, append([]byte(head+"\n"), body.Bytes()...))
}

func writeCache(path string, b []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for the cache: %w", err)
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); err != nil {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
			return fmt.Errorf("write the cache: %w", err)
		}
	}
	if err := renameio.WriteFile(path, b, 0o600); err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	return nil
}
