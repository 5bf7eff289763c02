// Package name makes the names of things in Redis: call New. They depend on the gateway key, and show neither it
// nor what they stand for.
package name

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
)

// nameRounds makes it expensive to try gateway keys until the names in a Redis come out: some 10 ms a try.
const nameRounds = 1 << 16

// Names makes the names of things in Redis.
type Names struct {
	key    []byte // for digests
	prefix string // of all keys in Redis
}

// New returns the names of a stack with the gateway key secret.
func New(secret, namespace string) Names {
	key, err := pbkdf2.Key(sha256.New, secret, []byte("flowgate names in redis 1"), nameRounds, sha256.Size)
	if err != nil {
		panic(err) // the length of the key is not one that can be refused
	}
	n := Names{key: key}
	if namespace != "" {
		namespace += ":"
	}
	n.prefix = namespace + "flowgate:{" + n.ID("stack", "")[:12] + "}:"
	return n
}

// ID returns the digest of a name: 24 hexadecimal digits. kind keeps names of different things apart.
func (n *Names) ID(kind, name string) string {
	digest := hmac.New(sha256.New, n.key)
	digest.Write([]byte(kind + "\x00" + name))
	return hex.EncodeToString(digest.Sum(nil)[:12])
}

// Cooldown returns the key of a cooldown.
func (n *Names) Cooldown(id string) string { return n.prefix + "c:" + id }

// Sum returns the key of sums.
func (n *Names) Sum(id string) string { return n.prefix + "n:" + id }

// Owner returns the key of an owner.
func (n *Names) Owner(name string) string { return n.prefix + "o:" + name }

// Router returns the key of a router that lives.
func (n *Names) Router(origin string) string { return n.prefix + "r:" + origin }

// Channel returns the name of the channel.
func (n *Names) Channel() string { return n.prefix + "m" }
