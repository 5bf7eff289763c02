package request

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"
)

// callIDCharacters are the characters that a client's own call id may contain. The others
// might do harm in headers, logs and replies.
const callIDCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+=@#"

// maxCallID is the length of the longest call id that a client may choose, in bytes.
const maxCallID = 128

// CallID returns the client's own call id if it is valid, else a random UUID.
func CallID(req *http.Request) string {
	if id := req.Header.Get("X-Litellm-Call-Id"); id != "" && len(id) <= maxCallID &&
		strings.Trim(id, callIDCharacters) == "" {
		return id
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], rand.Uint64())
	binary.BigEndian.PutUint64(raw[8:], rand.Uint64())
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80 // version 4
	var text [36]byte
	at := 0
	for i, n := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			text[at], at = '-', at+1
		}
		from := []int{0, 4, 6, 8, 10}[i]
		at += hex.Encode(text[at:], raw[from:from+n])
	}
	return string(text[:])
}
