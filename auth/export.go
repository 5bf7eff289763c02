package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/config"
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

// ExportOptions steer Export.
type ExportOptions struct {
	Dest      string                              // "": ACCOUNT.age in the working folder
	Recipient string                              // an age recipient; "": a passphrase
	Env       string                              // variable that holds the passphrase
	Force     bool                                // replace the file
	Secret    func(prompt string) (string, error) // asks for the passphrase; may be nil
}

// Export writes an account, or those of a provider, or all, into one file that
// only its recipient can read (age, https://age-encryption.org/v1). Import takes
// it on another machine. Faults: account-unknown, account-ambiguous,
// recipient-invalid, passphrase-missing, destination-taken, write-failed.
func Export(ctx context.Context, cfg *config.Config, env Environment, account string, o ExportOptions) (Change, error) {
	accounts, err := Accounts(ctx, cfg, env)
	if err != nil {
		return Change{}, err
	}
	chosen, err := several(accounts, account)
	if err != nil {
		return Change{}, err
	}
	if o.Dest == "" {
		o.Dest = strings.TrimSuffix(safeName(account), ".json") + ".age"
	}
	dest, err := filepath.Abs(o.Dest)
	if err != nil {
		return Change{}, fmt.Errorf("resolve %s: %w", o.Dest, err)
	}
	if _, err := os.Lstat(dest); err == nil && !o.Force {
		return Change{}, fault.Usage("destination-taken", "%s is there already", dest).WithHint("-dest=FILE names another, -force replaces it")
	}
	recipient, err := o.recipient(env)
	if err != nil {
		return Change{}, err
	}
	sealed, err := seal(chosen, recipient)
	if err != nil {
		return Change{}, err
	}
	if err := writeFile(dest, sealed); err != nil {
		return Change{}, err
	}
	c := Change{Changed: true, Account: &chosen[0], Source: chosen[0].File, Destination: dest, Warnings: []Warning{}, Proof: fmt.Sprintf("%d accounts, encrypted", len(chosen))}
	if lo.SomeBy(chosen, func(a Account) bool { return a.Refreshable }) {
		c.Warnings = append(c.Warnings, Warning{"grant-shared", "both machines hold the grant from now on: log out here (mage auth:logout) once it works there"})
	}
	return c, nil
}

// several is pick that takes a provider's accounts, and all, too.
func several(accounts []Account, name string) ([]Account, error) {
	of := lo.Filter(accounts, func(a Account, _ int) bool { return a.Provider == name || name == all })
	if len(of) > 0 {
		return of, nil
	}
	a, err := pick(accounts, name)
	return []Account{a}, err
}

func (o ExportOptions) recipient(env Environment) (age.Recipient, error) {
	if o.Recipient != "" {
		found, err := age.ParseRecipients(strings.NewReader(o.Recipient))
		if err != nil || len(found) != 1 {
			return nil, fault.Usage("recipient-invalid", "-recipient is no age recipient").WithHint("it begins with age1; age-keygen makes one on the other machine")
		}
		return found[0], nil
	}
	phrase, err := passphrase(env, o.Env, o.Secret, true)
	if err != nil {
		return nil, err
	}
	return age.NewScryptRecipient(phrase)
}

// passphrase takes one from the variable, else asks; twice when it is new.
func passphrase(env Environment, variable string, ask func(string) (string, error), fresh bool) (string, error) {
	if variable == "" {
		variable = "FLOWGATE_PASSPHRASE"
	}
	phrase := env.Getenv(variable)
	if phrase == "" && ask != nil {
		var err error
		if phrase, err = ask("Passphrase: "); err != nil {
			return "", fault.Usage("passphrase-missing", "no passphrase was typed").WithHint("or put it into the variable %s", variable)
		}
		if again, err := lo.Ternary(fresh, ask, func(string) (string, error) { return phrase, nil })("Again: "); err != nil || again != phrase {
			return "", fault.Usage("passphrase-missing", "the two passphrases differ").WithHint("run it again")
		}
	}
	if phrase == "" {
		return "", fault.Usage("passphrase-missing", "there is no passphrase and no terminal to ask for one").
			WithHint("put it into the variable %s, or use -recipient (export) or -identity (import)", variable)
	}
	if fresh && len(phrase) < 12 {
		return "", fault.Usage("passphrase-missing", "the passphrase is too short: a file can be guessed at for ever").WithHint("12 characters or more, several words")
	}
	return phrase, nil
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
			return nil, err
		}
		found[0].source, found[0].keeper, found[0].refresh = in.o.Source, "", ""
		drafts = append(drafts, found...)
	}
	if len(drafts) == 0 {
		return nil, fault.New("source-missing", "no credential of that kind is in %s", in.o.Source).WithHint("mage auth:import all -source=%s takes all", in.o.Source)
	}
	return drafts, nil
}

func (in intake) identities() ([]age.Identity, error) {
	if in.o.Identity != "" {
		data, err := readSource(in.o.Identity)
		if err != nil {
			return nil, err
		}
		found, err := age.ParseIdentities(bytes.NewReader(data))
		if err != nil {
			return nil, fault.Usage("recipient-invalid", "%s holds no age identity", in.o.Identity).WithHint("the file that age-keygen made")
		}
		return found, nil
	}
	phrase, err := passphrase(in.at.env, in.o.Env, in.o.Secret, false)
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(phrase)
	if err != nil {
		return nil, fmt.Errorf("use the passphrase: %w", err)
	}
	return []age.Identity{id}, nil
}
