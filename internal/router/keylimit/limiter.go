// Package keylimit enforces the named keys of an installation (internal/clientkey): who has which
// key, and whether the limits of requests, tokens, requests at once and dollars allow another request.
// Open loads the keys; Limiter.Find gives the Holder of a key, which every request asks.
//
// No request waits for a disk: a goroutine of the Limiter looks for changes of the file of keys, and
// writes what was spent, in batches. The numbers of requests and tokens are in memory only; Share lets
// several routers have all numbers in common.
//
// It is larger than other packages because all of it changes the one state that a key has.
package keylimit

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// interval is the time between two looks at the file of keys: half of what "within a second" means.
const interval = 500 * time.Millisecond

// looksPerWrite is how many looks at the file of keys there are for each write of what was spent. The time
// between two writes is the most that a kill -9 of the router loses of it, as of the usage ledger.
const looksPerWrite = 2

// Options are the settings of a Limiter. The zero value works.
type Options struct {
	Now      func() time.Time // default time.Now
	Logger   *slog.Logger     // default: none
	Interval time.Duration    // between two looks at the files; default 500 ms

	// SpendFolder is where what was spent is kept when the folder of the keys is a mounted Secret, into
	// which nothing can be written. Empty: then it is kept in memory only.
	SpendFolder string
}

// Limiter has the named keys of one folder. It is safe for concurrent use. A nil Limiter has no keys.
type Limiter struct {
	folder string // of the keys
	spends string // the folder of what was spent; empty: none
	now    func() time.Time
	logger *slog.Logger
	table  atomic.Pointer[table]

	mu        sync.Mutex        // locked while states or sharer changes
	sharer    Sharer            // the zero value: there are no other routers
	states    map[string]*state // by clientkey.Key.TokenID
	isChanged atomic.Bool       // something was spent since the last write

	seen     fs.FileInfo // the file of keys as it was last read; nil: there was none
	problem  string      // what was last logged about the file of keys, so that it is logged once
	isUnkept bool        // it was logged that what was spent cannot be written
	stop     chan struct{}
	watching sync.WaitGroup
}

// table has the holders of one state of the file. It is never changed.
type table struct {
	byToken map[[sha256.Size]byte]*Holder
	byAlias map[string]*Holder
}

// Open loads the keys of a folder and begins to watch it; an unreadable file is logged, and no named
// key is valid until it can be read. Close must be called.
func Open(folder string, o Options) *Limiter {
	l := &Limiter{folder: folder, now: o.Now, logger: o.Logger, states: map[string]*state{}, stop: make(chan struct{})}
	if l.now == nil {
		l.now = time.Now
	}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	if o.Interval == 0 {
		o.Interval = interval
	}
	l.table.Store(&table{})
	l.spends = folder
	if ownfile.IsMounted(folder) {
		l.spends = o.SpendFolder
	}
	l.loadSpend()
	l.reload()
	l.watching.Go(func() { l.watch(o.Interval) })
	return l
}

// Close stops watching and writes what was spent.
func (l *Limiter) Close() error {
	if l == nil {
		return nil
	}
	close(l.stop)
	l.watching.Wait()
	return l.writeSpend()
}

// Find returns the holder of a key, by its SHA-256; nil when no named key has it.
func (l *Limiter) Find(sum [sha256.Size]byte) *Holder {
	if l == nil {
		return nil
	}
	h := l.table.Load().byToken[sum]
	if h == nil || subtle.ConstantTimeCompare(h.sum[:], sum[:]) != 1 {
		return nil
	}
	return h
}

// Count adds what a request has used, when its price is known. One that no deployment was asked for
// has used nothing. A request without a known price is counted as such and spends nothing.
func (l *Limiter) Count(r *record.Request) {
	if l == nil || r.Attempts == 0 {
		return
	}
	if h := l.table.Load().byAlias[r.Client]; h != nil {
		h.state.count(&h.key.Limits, l.now(), r)
		l.isChanged.Store(true)
	}
}

// Usage is a named key with what it uses now.
type Usage struct {
	clientkey.Key
	Requests, Tokens int64 // in the current minute
	Spend            clientkey.Spend
}

// List returns the named keys that are not revoked, in no order.
func (l *Limiter) List() []Usage {
	if l == nil {
		return nil
	}
	var all []Usage
	now := l.now()
	for _, h := range l.table.Load().byAlias {
		if !h.key.Blocked {
			all = append(all, h.state.usage(&h.key, now))
		}
	}
	return all
}

// watch looks for changes of the keys and writes what was spent, until Close.
func (l *Limiter) watch(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for looks := 1; ; looks++ {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
		l.reload()
		if looks%looksPerWrite == 0 {
			l.reportSpend(l.writeSpend())
		}
	}
}

// reload reads the keys when their file is another one than before. When it cannot be read, the keys
// that were valid stay so.
func (l *Limiter) reload() {
	info, err := os.Stat(filepath.Join(l.folder, clientkey.FileName)) // a mounted Secret has a link, which stays
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.report(err)
		return
	}
	if err != nil {
		info = nil
	}
	if isSame(l.seen, info) && l.problem == "" {
		return
	}
	keys, err := clientkey.Read(l.folder)
	l.report(err)
	if err == nil {
		l.seen = info
		l.install(keys)
	}
}

// isSame reports whether two looks saw the same content of a file, or none.
func isSame(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// install makes keys the valid ones. What a key has used stays with its TokenID.
func (l *Limiter) install(keys []clientkey.Key) {
	t := &table{map[[sha256.Size]byte]*Holder{}, map[string]*Holder{}}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := map[string]bool{}
	for _, k := range keys {
		known[k.TokenID] = true
		s := l.states[k.TokenID]
		if s == nil {
			s = new(state)
			l.states[k.TokenID] = s
		}
		s.setLimits(k.Limits)
		l.shareState(k.TokenID, s)
		if k.PreviousToken != "" {
			t.add(k.PreviousToken, k, s, true)
		}
	}
	for _, k := range keys { // a key that is valid stays so, whatever others say that they replaced
		t.byAlias[k.Alias] = t.add(k.Token, k, l.states[k.TokenID], false)
	}
	if len(keys) > 0 { // no keys may mean that the file was moved away for a moment
		maps.DeleteFunc(l.states, func(id string, s *state) bool {
			if !known[id] && s.sharing.isShared {
				l.sharer.Uncount(id)
			}
			return !known[id]
		})
	}
	l.table.Store(t)
}

// add adds the holder of a token.
func (t *table) add(token string, k clientkey.Key, s *state, isRotated bool) *Holder {
	h := &Holder{key: k, state: s, isRotated: isRotated, limits: describeLimits(&k.Limits)}
	_, _ = hex.Decode(h.sum[:], []byte(token)) // Read has checked it
	t.byToken[h.sum] = h
	return h
}

// report logs what is wrong with the file of keys, once until it changes.
func (l *Limiter) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != l.problem && text != "" {
		l.logger.Warn("the named keys cannot be read; those that were valid stay so", "error", text)
	}
	l.problem = text
}

// reportSpend logs that what was spent cannot be written, once until it can: the texts of such errors
// differ, because they name a temporary file.
func (l *Limiter) reportSpend(err error) {
	if err != nil && !l.isUnkept {
		l.logger.Warn("what the named keys have spent cannot be kept", "error", err.Error())
	}
	l.isUnkept = err != nil
}

// loadSpend reads what was spent before the router started. A file that cannot be read is moved
// aside, so that the next write does not destroy it.
func (l *Limiter) loadSpend() {
	if l.spends == "" {
		l.logger.Warn("what the named keys have spent is kept in memory only: their folder is a mounted Secret, and there " +
			"is no folder for it (-usage)")
		return
	}
	spends, err := clientkey.ReadSpend(l.spends)
	if err != nil {
		path := filepath.Join(l.spends, clientkey.SpendFileName)
		l.logger.Warn("what the named keys have spent cannot be read; their budgets begin anew, and the file is kept "+
			"beside it", "error", err.Error(), "kept", path+".damaged", "problem", os.Rename(path, path+".damaged"))
	}
	for id, s := range spends {
		l.states[id] = &state{spend: s}
	}
}

// writeSpend writes what was spent, when something was since the last time.
func (l *Limiter) writeSpend() error {
	if l.spends == "" || !l.isChanged.Swap(false) {
		return nil
	}
	spends := map[string]clientkey.Spend{}
	l.mu.Lock()
	for id, s := range l.states {
		if spend := s.copySpend(); spend != (clientkey.Spend{}) {
			spends[id] = spend
		}
	}
	l.mu.Unlock()
	err := clientkey.WriteSpend(l.spends, spends)
	if err != nil {
		l.isChanged.Store(true)
	}
	return err
}
