package credential

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

func NewSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (crypto/rand since Go 1.24)
	return salt
}

// Hash is what grants are compared by.
func Hash(salt []byte, secret string) string {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write([]byte(secret))
	return base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
}
