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
// It lives in memory: several routers behind one address do not share it.
type Store struct {
	ttl time.Duration
	now func() time.Time

	mu     sync.Mutex
	owners *simplelru.LRU[Key, entry]
}

// entry is an owner that is valid until a time.
type entry struct {
	owner *Owner
	until int64 // nanoseconds since 1970
}

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
	until := s.now().Add(s.ttl).UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners.Add(k, entry{owner, until})
}

// Size returns how many keys the store holds, expired ones included.
func (s *Store) Size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owners.Len()
}
