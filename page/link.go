package page

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// How long a link may be used, and how many links and sessions are remembered.
const (
	linkLife    = 5 * time.Minute
	maxSessions = 64
)

// linkState says what became of a link.
type linkState int

const (
	linkUnknown linkState = iota
	linkGood
	linkUsed
	linkExpired
)

// digest is the SHA-256 of a secret: only that is kept, and compared, so that the time of a
// comparison tells nothing of the secret.
type digest [sha256.Size]byte

// keys holds the links and the sessions.
type keys struct {
	now func() time.Time

	mu       sync.Mutex
	links    []link    // the oldest first
	sessions []session // the oldest first
}

// link is a link that is good once.
type link struct {
	digest  digest
	expires time.Time
	used    bool
}

// session is a browser that has used a link.
type session struct {
	digest digest
	token  string // what its page sends with a change
}

// newLink returns the secret of a new link.
func (k *keys) newLink() string {
	secret := rand.Text()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.links = append(k.links, link{digest: sha256.Sum256([]byte(secret)), expires: k.now().Add(linkLife)})
	k.links = k.links[max(0, len(k.links)-maxSessions):]
	return secret
}

// useLink uses a link up. When it is good, it returns the secret of a new session.
func (k *keys) useLink(secret string) (cookie string, state linkState) {
	if state = k.spendLink(secret); state != linkGood {
		return "", state
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	cookie = rand.Text()
	k.sessions = append(k.sessions, session{digest: sha256.Sum256([]byte(cookie)), token: rand.Text()})
	k.sessions = k.sessions[max(0, len(k.sessions)-maxSessions):]
	return cookie, linkGood
}

// spendLink uses a link up, and returns what it was before.
func (k *keys) spendLink(secret string) linkState {
	k.mu.Lock()
	defer k.mu.Unlock()
	sum := digest(sha256.Sum256([]byte(secret)))
	for i := range k.links {
		l := &k.links[i]
		switch {
		case subtle.ConstantTimeCompare(l.digest[:], sum[:]) == 0:
			continue
		case l.used:
			return linkUsed
		case !k.now().Before(l.expires):
			return linkExpired
		}
		l.used = true
		return linkGood
	}
	return linkUnknown
}

// find returns the session whose secret a cookie holds.
func (k *keys) find(cookie string) (found session, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	sum := digest(sha256.Sum256([]byte(cookie)))
	for _, s := range k.sessions {
		if subtle.ConstantTimeCompare(s.digest[:], sum[:]) == 1 {
			return s, true
		}
	}
	return session{}, false
}
