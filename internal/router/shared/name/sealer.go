package name

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
)

// Sealer turns keys of affinity into names in Redis and back. The names depend on the gateway key: who reads
// them cannot find out whether an id of a session is among them.
type Sealer struct{ cipher.Block }

// NewSealer returns a Sealer with the key of names.
func NewSealer(n *Names) Sealer {
	block, err := aes.NewCipher(n.key)
	if err != nil {
		panic(err) // the length of the key is one that AES has
	}
	return Sealer{block}
}

// Seal returns the name of a key.
func (s Sealer) Seal(k affinity.Key) string {
	var name affinity.Key
	s.Encrypt(name[:], k[:])
	return hex.EncodeToString(name[:])
}

// Unseal returns the key of a name. ok is false for what is not a name.
func (s Sealer) Unseal(name string) (k affinity.Key, ok bool) {
	sealed, err := hex.DecodeString(name)
	if err != nil || len(sealed) != len(k) {
		return k, false
	}
	s.Decrypt(k[:], sealed)
	return k, true
}
