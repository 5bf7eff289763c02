// Package bundle moves credentials to another machine in one file that only its
// recipient can read (age, https://age-encryption.org/v1): Export writes it, Open
// reads it for an import.
package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// bundleSchema is the schema of an export's content.
const bundleSchema = "flowgate.credentials/v1"

// maxBundle bounds the decrypted content, in bytes: a thousand credentials have 4 MB.
const maxBundle = 64 << 20

// document is the decrypted content of an export.
type document struct {
	Schema string `json:"schema"`
	Files  []File `json:"files"`
}

// File is one credential in a bundle, with the name of its file.
type File struct {
	Name     string `json:"name"`
	Provider string `json:"provider"` // of an API key; a credential file says it itself
	Text     string `json:"text"`
}

// Seal encrypts the files of accounts for recipient. Only a holder of its identity
// or passphrase can read the result. Faults: those of credential.ReadFile.
func Seal(accounts []auth.Account, recipient age.Recipient) ([]byte, error) {
	b := document{Schema: bundleSchema}
	for _, a := range accounts {
		data, err := credential.ReadFile(a.File)
		if err != nil {
			return nil, err
		}
		f := File{Name: filepath.Base(a.File), Text: string(data)}
		if a.Method == "api_key" {
			f.Provider = a.Provider
		}
		b.Files = append(b.Files, f)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient)
	if err == nil {
		err = json.NewEncoder(w).Encode(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return out.Bytes(), nil
}

// Key names the source of an export's key.
type Key struct {
	Env      string                              // the variable that holds the passphrase
	Identity string                              // the file of an age identity; "": a passphrase
	Ask      func(prompt string) (string, error) // asks for the passphrase; may be nil
}

// Open decrypts an export that was read from file. Faults: passphrase-missing,
// recipient-invalid, decrypt-failed, source-invalid, those of credential.ReadFile.
func Open(data []byte, file string, env auth.Environment, k Key) ([]File, error) {
	identities, err := k.identities(env)
	if err != nil {
		return nil, err
	}
	var sealed io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte("-----BEGIN")) {
		sealed = armor.NewReader(sealed)
	}
	opened, err := age.Decrypt(sealed, identities...)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(opened, maxBundle))
	}
	if err != nil {
		return nil, fault.New("decrypt-failed", "%s cannot be decrypted: %w", file, err).
			WithHint("try another passphrase or -identity; or the file is damaged")
	}
	var b document
	if json.Unmarshal(text, &b) != nil || b.Schema != bundleSchema {
		return nil, credential.Invalid(file, errors.New("it was not made by auth:export"))
	}
	return b.Files, nil
}

// IsBundle reports whether data is a file of the age format, binary or armored.
func IsBundle(data []byte) bool {
	return bytes.HasPrefix(data, []byte("age-encryption.org/")) ||
		bytes.HasPrefix(data, []byte("-----BEGIN AGE ENCRYPTED FILE-----"))
}
