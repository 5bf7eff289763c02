package bundle

import (
	"bytes"
	"fmt"
	"strings"

	"filippo.io/age"
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// recipient returns the age recipient that the options name, else one for a passphrase.
// Faults: recipient-invalid, passphrase-missing.
func (o Options) recipient(env auth.Environment) (age.Recipient, error) {
	if o.Recipient != "" {
		found, err := age.ParseRecipients(strings.NewReader(o.Recipient))
		if err != nil || len(found) != 1 {
			return nil, fault.Usage("recipient-invalid", "-recipient is not an age recipient").
				WithHint("it begins with age1; age-keygen makes one on the other machine")
		}
		return found[0], nil
	}
	phrase, err := readPassphrase(env, o.Env, o.Secret, true)
	if err != nil {
		return nil, err
	}
	return age.NewScryptRecipient(phrase)
}

// readPassphrase reads the passphrase from the variable, else from the prompt; a new
// one is asked for twice. Fault: passphrase-missing.
func readPassphrase(env auth.Environment, variable string, ask func(string) (string, error),
	fresh bool) (string, error) {
	if variable == "" {
		variable = "FLOWGATE_PASSPHRASE"
	}
	phrase := env.Getenv(variable)
	if phrase == "" && ask != nil {
		var err error
		if phrase, err = ask("Passphrase: "); err != nil {
			return "", fault.Usage("passphrase-missing", "no passphrase was typed").WithHint("or set the variable %s", variable)
		}
		if again, err := lo.Ternary(fresh, ask, func(string) (string, error) { return phrase, nil })("Again: "); err != nil ||
			again != phrase {
			return "", fault.Usage("passphrase-missing", "the two passphrases differ").WithHint("run it again")
		}
	}
	if phrase == "" {
		return "", fault.Usage("passphrase-missing", "there is no passphrase, and without a terminal none can be typed").
			WithHint("set the variable %s, or use -recipient (export) or -identity (import)", variable)
	}
	if fresh && len(phrase) < 12 {
		return "", fault.Usage("passphrase-missing",
			"the passphrase is too short: an attacker can try any number of them on a file").
			WithHint("use 12 characters or more, such as several words")
	}
	return phrase, nil
}

// identities returns the identities of the key's file, else one for the passphrase.
// Faults: recipient-invalid, passphrase-missing, those of credential.ReadFile.
func (k Key) identities(env auth.Environment) ([]age.Identity, error) {
	if k.Identity != "" {
		data, err := credential.ReadFile(k.Identity)
		if err != nil {
			return nil, err
		}
		found, err := age.ParseIdentities(bytes.NewReader(data))
		if err != nil {
			return nil, fault.Usage("recipient-invalid", "%s does not hold an age identity", k.Identity).
				WithHint("name the file that age-keygen made")
		}
		return found, nil
	}
	phrase, err := readPassphrase(env, k.Env, k.Ask, false)
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(phrase)
	if err != nil {
		return nil, fmt.Errorf("use the passphrase: %w", err)
	}
	return []age.Identity{id}, nil
}
