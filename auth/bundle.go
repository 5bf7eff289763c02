package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// bundleSchema names what is inside an export.
const bundleSchema = "flowgate.credentials/v1"

// maxBundle bounds what is decrypted: a thousand credentials have 4 MB.
const maxBundle = 64 << 20

// bundle is the content of an export, before it is encrypted.
type bundle struct {
	Schema string        `json:"schema"`
	Files  []bundledFile `json:"files"`
}

type bundledFile struct {
	Name     string `json:"name"`
	Provider string `json:"provider"` // of an API key; a credential file says it itself
	Text     string `json:"text"`
}

func seal(accounts []Account, recipient age.Recipient) ([]byte, error) {
	b := bundle{Schema: bundleSchema}
	for _, a := range accounts {
		data, err := readSource(a.File)
		if err != nil {
			return nil, err
		}
		f := bundledFile{Name: filepath.Base(a.File), Text: string(data)}
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

// unpack reads an export. Nothing of it is believed: names are made safe and
// every file is read as an import is.
func (in intake) unpack(data []byte) ([]draft, error) {
	identities, err := in.identities()
	if err != nil {
		return nil, err
	}
	var sealed io.Reader = bytes.NewReader(data)
	if bytes.HasPrefix(data, []byte("-----BEGIN")) {
		sealed = armor.NewReader(sealed)
	}
	open, err := age.Decrypt(sealed, identities...)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(open, maxBundle))
	}
	if err != nil {
		return nil, fault.New("decrypt-failed", "%s cannot be decrypted: %w", in.o.Source, err).WithHint("another passphrase or -identity; or the file is damaged")
	}
	var b bundle
	if json.Unmarshal(text, &b) != nil || b.Schema != bundleSchema {
		return nil, invalid(in.o.Source, errors.New("it was not made by auth:export"))
	}
	return in.bundled(b)
}

func (in intake) bundled(b bundle) ([]draft, error) {
	var drafts []draft
	var odd []Warning
	for _, f := range b.Files {
		if f.Provider != "" {
			p, err := Find(in.cfg, f.Provider)
			if err != nil {
				return nil, err
			}
			if in.provider == nil || in.provider.Name == p.Name {
				drafts = append(drafts, draft{key: strings.TrimSpace(f.Text), provider: p, source: in.o.Source})
			}
			continue
		}
		if in.provider != nil && gjson.Get(f.Text, "type").Str != in.provider.Type() {
			continue
		}
		found, err := in.native([]byte(f.Text), f.Name)
		if err != nil {
			odd = append(odd, Warning{"source-left-out", harmless(f.Name) + " was left out: " + err.Error()})
			continue
		}
		found[0].source, found[0].keeper, found[0].refresh = in.o.Source, "", ""
		drafts = append(drafts, found...)
	}
	if len(drafts) == 0 {
		return nil, fault.New("source-missing", "no credential of that kind is in %s", in.o.Source).WithHint("mage auth:import all -source=%s takes all", in.o.Source)
	}
	drafts[0].warnings = append(drafts[0].warnings, odd...)
	return drafts, nil
}
