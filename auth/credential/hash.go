package credential

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// NewSalt returns 16 random bytes for Hash.
func NewSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand since Go 1.24)
	return salt
}

// Hash returns a salted hash of a secret, to compare it with one that is stored.
func Hash(salt []byte, secret string) string {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write([]byte(secret))
	return base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
}
