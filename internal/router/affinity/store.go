// Package affinity remembers to which deployment requests have to go that belong
// together: those of a session, and those with state that an upstream keeps or encrypts.
// SessionOf finds the session of a request, EachState the state in a request or a reply;
// a Store has the deployments that they belong to.
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

// Owner is the deployment that something belongs to.
type Owner struct {
	Deployment string // model_info.id
	Account    string // deployments with the same account can use each other's state
}

// Store has the owners of the keys that were used last. It is safe for concurrent use.
// Routers that act as one would share what is in it.
type Store struct {
	ttl time.Duration
	now func() time.Time

	mu     sync.Mutex
	owners *simplelru.LRU[Key, entry]
}

// entry is an owner until a time.
type entry struct {
	owner *Owner
	until int64 // nanoseconds since 1970
}

// NewStore returns a store for at most size keys, each of which is forgotten when it was
// not used for ttl.
func NewStore(size int, ttl time.Duration, now func() time.Time) *Store {
	owners, _ := simplelru.NewLRU[Key, entry](max(1, size), nil) // an error: the size is not positive
	return &Store{ttl: ttl, now: now, owners: owners}
}

// Find returns the owner of a key. ok is false when it is not known, or not any more.
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

// Set makes owner, which must not change, the one of a key, from now on for the store's
// ttl.
func (s *Store) Set(k Key, owner *Owner) {
	until := s.now().Add(s.ttl).UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners.Add(k, entry{owner, until})
}

// Size returns how many keys are held, those among them that have run out.
func (s *Store) Size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owners.Len()
}
