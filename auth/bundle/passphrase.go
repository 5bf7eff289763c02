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

func (o Options) recipient(env auth.Environment) (age.Recipient, error) {
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
func passphrase(env auth.Environment, variable string, ask func(string) (string, error), fresh bool) (string, error) {
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

func (k Key) identities(env auth.Environment) ([]age.Identity, error) {
	if k.Identity != "" {
		data, err := credential.ReadFile(k.Identity)
		if err != nil {
			return nil, err
		}
		found, err := age.ParseIdentities(bytes.NewReader(data))
		if err != nil {
			return nil, fault.Usage("recipient-invalid", "%s holds no age identity", k.Identity).WithHint("the file that age-keygen made")
		}
		return found, nil
	}
	phrase, err := passphrase(env, k.Env, k.Ask, false)
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(phrase)
	if err != nil {
		return nil, fmt.Errorf("use the passphrase: %w", err)
	}
	return []age.Identity{id}, nil
}
