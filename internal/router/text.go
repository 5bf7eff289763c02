package router

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
)

// callIDCharacters are what a client's own call id may consist of: it is put into headers, logs and replies.
const callIDCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+=@#"

// callID is the client's own, if it sent a sane one, else a random UUID.
func callID(req *http.Request) string {
	if id := req.Header.Get("X-Litellm-Call-Id"); id != "" && len(id) <= 128 && strings.Trim(id, callIDCharacters) == "" {
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

// decode returns the Go string of a JSON string literal.
func decode(literal []byte) (string, bool) {
	if len(literal) < 2 || literal[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1]), true
	}
	var s string
	err := json.Unmarshal(literal, &s)
	return s, err == nil
}

// quote is a JSON string literal of s.
func quote(s string) []byte { return encode(s) }

// shorten keeps what a client sent from filling an error message.
func shorten(s string) string {
	if len(s) <= 200 {
		return s
	}
	return strings.ToValidUTF8(s[:200], "") + "…"
}
