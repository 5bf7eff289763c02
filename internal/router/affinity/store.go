// Package affinity remembers which deployment the requests of a session, and requests with
// state that an upstream keeps or encrypts, must go to. SessionOf finds the session of a
// request, EachState the state in a request or a reply; a Store remembers the deployments
// that they belong to.
//
// It stores digests only, never an id or a text of a client.
package affinity

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Key is a digest of a session or of a piece of state.
type Key [16]byte

// NewKey returns the key of an id. scope keeps ids of different kinds apart.
func NewKey(scope, id string) Key {
	sum := sha256.Sum256([]byte(scope + "\x00" + id))
	return Key(sum[:len(Key{})])
}

// Owner is the deployment that a session or a piece of state belongs to.
type Owner struct {
	Deployment string // model_info.id
	Account    string // deployments with the same account can use each other's state
}

// Store remembers the owners of the most recently used keys. It is safe for concurrent use.
// It lives in memory; Tell lets several routers share it (package shared).
type Store struct {
	// Tell is called when other routers do not know an owner, or that it stays one. It must not block. nil:
	// there are no other routers.
	Tell func(k Key, owner *Owner, ttl time.Duration)

	ttl time.Duration
	now func() time.Time

	mu     sync.Mutex
	owners *simplelru.LRU[Key, entry]
}

// entry is an owner that is valid until a time.
type entry struct {
	owner *Owner
	until int64 // nanoseconds since 1970
	told  int64 // when other routers were told; the same
}

// Wanted is a key that a store does not have.
type Wanted struct {
	Store *Store
	Key   Key
}

// tellsPerTTL is how often in its ttl an owner that stays one is told to other routers.
const tellsPerTTL = 8

// NewStore returns a store for at most size keys, at least one. It forgets a key when ttl
// has passed since its last Set.
func NewStore(size int, ttl time.Duration, now func() time.Time) *Store {
	owners, _ := simplelru.NewLRU[Key, entry](max(1, size), nil) // it fails only for a size below 1
	return &Store{ttl: ttl, now: now, owners: owners}
}

// Find returns the owner of a key. ok is false when the key is unknown or was forgotten.
func (s *Store) Find(k Key) (owner Owner, ok bool) {
	now := s.now().UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.owners.Get(k)
	if !ok {
		return Owner{}, false
	}
	if now > e.until {
		s.owners.Remove(k)
		return Owner{}, false
	}
	return *e.owner, true
}

// Set makes owner the owner of a key, for the store's ttl from now on. What owner points
// to must not change afterwards.
func (s *Store) Set(k Key, owner *Owner) {
	now := s.now()
	if s.add(k, entry{owner, now.Add(s.ttl).UnixNano(), now.UnixNano()}) {
		s.Tell(k, owner, s.ttl)
	}
}

// add adds an entry, and reports whether other routers must be told of it.
func (s *Store) add(k Key, e entry) (isNews bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Tell != nil {
		old, isKnown := s.owners.Peek(k)
		isNews = !isKnown || *old.owner != *e.owner || e.told-old.told > int64(s.ttl)/tellsPerTTL
		if !isNews {
			e.told = old.told
		}
	}
	s.owners.Add(k, e)
	return isNews
}

// Adopt is Set for an owner that another router told.
func (s *Store) Adopt(k Key, owner *Owner) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners.Add(k, entry{owner, now.Add(s.ttl).UnixNano(), now.UnixNano()})
}

// Size returns how many keys the store holds, expired ones included.
func (s *Store) Size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owners.Len()
}
