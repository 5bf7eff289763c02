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
	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// keyName is the name of the key's file in the user's state folder.
const keyName = "state.key"

// keySize is the length of the key in bytes, all random.
const keySize = 32

// Errors of Key.Open.
var (
	ErrUnsigned = errors.New("it has no signature of this user's FlowGate")
	ErrForged   = errors.New("its signature is not that of this user's FlowGate in this folder")
)

// Key signs state files. The zero value signs nothing and verifies nothing.
type Key struct{ secret []byte }

// LoadKey returns the user's key. When there is none, the error is fs.ErrNotExist: nothing
// was ever signed. Faults: not-yours, state-untrusted and those of StateDir.
func LoadKey(getenv func(string) string) (Key, error) {
	dir, err := StateDir(getenv)
	if err != nil {
		return Key{}, err
	}
	secret, err := ownfile.Read(filepath.Join(dir, keyName), keySize)
	if err != nil {
		return Key{}, err
	}
	if len(secret) != keySize {
		path := filepath.Join(dir, keyName)
		return Key{}, fault.New("state-untrusted", "the key %s has %d bytes, not %d", path, len(secret), keySize).
			WithHint("remove it and run `mage trust` in each installation")
	}
	return Key{secret}, nil
}

// EnsureKey returns the user's key and makes it when there is none. When several processes
// do so at once, one makes the key and all return it. Faults: those of LoadKey,
// trust-unwritable.
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
		return Key{}, unwritableFault(dir, err)
	}
	return LoadKey(getenv)
}

// makeKey writes a new key to dir in one step. It keeps a key that another process has
// made meanwhile.
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

// MAC returns the keyed digest of data in hexadecimal digits, "" for a zero Key. kind says
// which sort of file it is, and place (see Place) to which installation it belongs, so
// that a file copied to another place does not verify there.
func (k Key) MAC(kind, place string, data []byte) string {
	if len(k.secret) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, k.secret)
	_, _ = fmt.Fprintf(h, "flowgate state 1\x00%s\x00%s\x00", kind, place) // a hash never fails
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// Verifies reports whether mac is the MAC of data.
func (k Key) Verifies(mac, kind, place string, data []byte) bool {
	want := k.MAC(kind, place, data)
	return want != "" && hmac.Equal([]byte(mac), []byte(want))
}

// A signed JSON document ends with a member "mac", which versions of FlowGate that do not
// know it ignore.
const (
	objectEnd      = "\n}\n"
	signatureBegin = ",\n  \"mac\": \""
	signatureEnd   = "\"\n}\n"
)

// Seal returns a JSON object, indented, with the signature as its last member. It adds no
// signature for a zero Key, or when doc is not an object with members.
func (k Key) Seal(kind, place string, doc []byte) []byte {
	if !bytes.HasSuffix(doc, []byte(objectEnd)) {
		doc = indentJSON(doc)
	}
	body, isObject := bytes.CutSuffix(doc, []byte(objectEnd))
	mac := k.MAC(kind, place, doc)
	if !isObject || mac == "" {
		return doc
	}
	return append(bytes.Clone(body), signatureBegin+mac+signatureEnd...)
}

// indentJSON returns a JSON document indented; a text that is not JSON is unchanged.
func indentJSON(doc []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(doc), "", "  ") != nil {
		return doc
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// Open returns the document that Seal signed. Errors: ErrUnsigned, ErrForged.
func (k Key) Open(kind, place string, data []byte) ([]byte, error) {
	doc, mac := SplitSignature(data)
	switch {
	case mac == "":
		return nil, ErrUnsigned
	case !k.Verifies(mac, kind, place, doc):
		return nil, ErrForged
	}
	return doc, nil
}

// SplitSignature splits what Seal made into the document and its signature, without
// verifying it; mac is "" when there is none.
func SplitSignature(data []byte) (doc []byte, mac string) {
	const tail = len(signatureBegin) + 2*sha256.Size + len(signatureEnd)
	cut := len(data) - tail
	if cut < 0 || !bytes.HasPrefix(data[cut:], []byte(signatureBegin)) || !bytes.HasSuffix(data, []byte(signatureEnd)) {
		return data, ""
	}
	mac = string(data[cut+len(signatureBegin) : len(data)-len(signatureEnd)])
	return append(bytes.Clone(data[:cut]), objectEnd...), mac
}
