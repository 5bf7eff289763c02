package trust

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// keyName is the file of the key in the state folder: 32 random bytes, 0600.
const keyName = "state.key"

const keySize = 32

// Errors of Key.Open.
var (
	ErrUnsigned = errors.New("it has no signature of this user's FlowGate")
	ErrForged   = errors.New("its signature is not that of this user's FlowGate in this folder")
)

// Key signs state files. The zero value signs nothing and believes nothing.
type Key struct{ secret []byte }

// LoadKey returns the user's key. Without one the error is fs.ErrNotExist: nothing
// was ever signed. Faults: not-yours, those of StateDir.
func LoadKey(getenv func(string) string) (Key, error) {
	dir, err := StateDir(getenv)
	if err != nil {
		return Key{}, err
	}
	secret, err := readOwn(filepath.Join(dir, keyName), keySize)
	if err != nil {
		return Key{}, err
	}
	if len(secret) != keySize {
		return Key{}, fault.New("state-untrusted", "the key %s has %d bytes, not %d", filepath.Join(dir, keyName), len(secret), keySize).
			WithHint("remove it and run `mage trust` in each installation")
	}
	return Key{secret}, nil
}

// EnsureKey is LoadKey that also makes the key when there is none. Of several callers
// at once one makes it and all return it. Faults: not-yours, trust-unwritable,
// those of StateDir.
func EnsureKey(getenv func(string) string) (Key, error) {
	key, err := LoadKey(getenv)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	dir, err := ensureStateDir(getenv)
	if err != nil {
		return Key{}, err
	}
	if err := makeKey(dir); err != nil {
		return Key{}, unwritable(dir, err)
	}
	return LoadKey(getenv)
}

// makeKey puts a key into dir, whole from the moment it is there. One that
// another command made meanwhile stays.
func makeKey(dir string) error {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails (crypto/rand since Go 1.24)
	temp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(secret)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), filepath.Join(dir, keyName)); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// MAC returns the keyed digest of data in hexadecimal digits. kind says what sort of
// file it is and place which installation's: a signature of one is worth
// nothing in another. A zero Key has none: "".
func (k Key) MAC(kind, place string, data []byte) string {
	if len(k.secret) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, k.secret)
	_, _ = fmt.Fprintf(h, "flowgate state 1\x00%s\x00%s\x00", kind, place) // a hash never fails
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// Verifies reports whether mac is that of data.
func (k Key) Verifies(mac, kind, place string, data []byte) bool {
	want := k.MAC(kind, place, data)
	return want != "" && hmac.Equal([]byte(mac), []byte(want))
}

// A signed JSON document ends with a member "mac"; versions of FlowGate that do
// not know it read the rest.
const (
	plainEnd = "\n}\n"
	macBegin = ",\n  \"mac\": \""
	macEnd   = "\"\n}\n"
)

// Seal adds the signature to a JSON object, which it indents unless it is.
// Without a key, or when doc is not an object with members, it returns doc as it is.
func (k Key) Seal(kind, place string, doc []byte) []byte {
	if !bytes.HasSuffix(doc, []byte(plainEnd)) {
		doc = indented(doc)
	}
	body, isObject := bytes.CutSuffix(doc, []byte(plainEnd))
	mac := k.MAC(kind, place, doc)
	if !isObject || mac == "" {
		return doc
	}
	return append(bytes.Clone(body), macBegin+mac+macEnd...)
}

// indented returns a JSON document on several lines; another text as it is.
func indented(doc []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(doc), "", "  ") != nil {
		return doc
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// Open returns the document that Seal signed. Errors: ErrUnsigned, ErrForged.
func (k Key) Open(kind, place string, data []byte) ([]byte, error) {
	doc, mac := Unsealed(data)
	switch {
	case mac == "":
		return nil, ErrUnsigned
	case !k.Verifies(mac, kind, place, doc):
		return nil, ErrForged
	}
	return doc, nil
}

// Unsealed splits what Seal made into the document and its signature, which
// nothing has verified; mac is "" when there is none.
func Unsealed(data []byte) (doc []byte, mac string) {
	const tail = len(macBegin) + 2*sha256.Size + len(macEnd)
	cut := len(data) - tail
	if cut < 0 || !bytes.HasPrefix(data[cut:], []byte(macBegin)) || !bytes.HasSuffix(data, []byte(macEnd)) {
		return data, ""
	}
	mac = string(data[cut+len(macBegin) : len(data)-len(macEnd)])
	return append(bytes.Clone(data[:cut]), plainEnd...), mac
}
