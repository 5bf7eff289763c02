package auth

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/config"
)

// all stands for every provider where a source holds several.
const all = "all"

// ImportOptions steer Import. The zero value looks at the usual places and
// refuses whatever could cost a sign-in.
type ImportOptions struct {
	Source  string // a file, a folder of credential files, or an export; "": the usual places
	Dest    string // a file or folder; "": CLIProxyAPI's folder, under the name that it would give
	Label   string // names the account where the source does not
	Project string // Google Cloud project, where the provider wants one
	DryRun  bool   // do everything but write
	Force   bool   // older over newer, without a refresh token, over another account
	Share   bool   // accept that two programs hold one grant
	Take    bool   // move the grant: the source keeps a backup and loses its refresh token

	Env      string                              // variable that holds an export's passphrase
	Identity string                              // file of an age identity, for an export
	Secret   func(prompt string) (string, error) // asks for a passphrase; may be nil
}

// Change says what a sign-in, an import, a renewal or a removal did.
type Change struct {
	Changed     bool           `json:"changed"`
	Account     *Account       `json:"account"`         // as it is now; null when it is gone
	Source      string         `json:"source"`          // where it came from; "" for a sign-in
	Destination string         `json:"destination"`     // where it is now
	Warnings    []Warning      `json:"warnings"`        // never nil
	Proof       string         `json:"proof"`           // what shows that it worked
	Wired       *config.Wiring `json:"wired,omitempty"` // what was added to flowgate.yaml, so that the router uses a key
	Others      []Change       `json:"others,omitempty"`
	Failed      []Failure      `json:"failed,omitempty"` // what could not be done, beside what was
}

// Failure is one account with which it did not work.
type Failure struct {
	Account string `json:"account"`
	Code    string `json:"code"` // of the error
	Message string `json:"message"`
}

// Import brings a credential that another program holds into the folder that
// CLIProxyAPI loads. It changes nothing unless it returns no error: when the
// proof fails, what was there is put back. Accounts are compared by the
// provider's own ids, and what is replaced goes into the trash first. Faults:
// provider-unknown, import-unsupported, source-missing, source-unreadable,
// source-invalid, source-unsupported, project-missing, passphrase-missing, decrypt-failed, and
// those of place.
func Import(ctx context.Context, cfg *config.Config, env Environment, provider string, o ImportOptions) (Change, error) {
	drafts, err := gather(ctx, cfg, env, provider, o)
	if err != nil {
		return Change{}, err
	}
	d := desk{cfg: cfg, env: env, dest: o.Dest, dry: o.DryRun, force: o.Force, share: o.Share, take: o.Take}
	d.lenient = o.Source != "" && len(drafts) > 1
	return d.settle(ctx, drafts)
}

// gather reads the drafts of a provider from where the options say.
func gather(ctx context.Context, cfg *config.Config, env Environment, provider string, o ImportOptions) ([]draft, error) {
	in := intake{cfg: cfg, at: place{project: o.Project, env: env}, o: o}
	if provider != all {
		p, err := Find(cfg, provider)
		if err != nil {
			return nil, err
		}
		in.provider = &p
	}
	drafts, err := in.open(ctx)
	if err != nil {
		return nil, err
	}
	for i := range drafts {
		if o.Label != "" {
			drafts[i].label = o.Label
		}
		if err := in.bind(&drafts[i]); err != nil {
			return nil, err
		}
	}
	return drafts, nil
}
