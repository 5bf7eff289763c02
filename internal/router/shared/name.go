package shared

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
)

// nameRounds makes it expensive to try gateway keys until the names in a Redis come out: some 10 ms a try.
const nameRounds = 1 << 16

// names makes the names of things in Redis.
type names struct {
	key    []byte // for digests
	prefix string // of all keys in Redis
}

// newNames returns the names of a stack with the gateway key secret.
func newNames(secret, namespace string) names {
	key, err := pbkdf2.Key(sha256.New, secret, []byte("flowgate names in redis 1"), nameRounds, sha256.Size)
	if err != nil {
		panic(err) // the length of the key is not one that can be refused
	}
	n := names{key: key}
	if namespace != "" {
		namespace += ":"
	}
	n.prefix = namespace + "flowgate:{" + n.id("stack", "")[:12] + "}:"
	return n
}

// id returns the digest of a name: 24 hexadecimal digits. kind keeps names of different things apart.
func (n *names) id(kind, name string) string {
	digest := hmac.New(sha256.New, n.key)
	digest.Write([]byte(kind + "\x00" + name))
	return hex.EncodeToString(digest.Sum(nil)[:12])
}

// cooldown returns the key of a cooldown.
func (n *names) cooldown(id string) string { return n.prefix + "c:" + id }

// sum returns the key of sums.
func (n *names) sum(id string) string { return n.prefix + "n:" + id }

// owner returns the key of an owner.
func (n *names) owner(name string) string { return n.prefix + "o:" + name }

// router returns the key of a router that lives.
func (n *names) router(origin string) string { return n.prefix + "r:" + origin }

// channel returns the name of the channel.
func (n *names) channel() string { return n.prefix + "m" }
