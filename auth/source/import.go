package source

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/source/tool"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/auth/vault/plan"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Options steer Import. The zero value looks at the usual places and
// refuses whatever could cost a sign-in.
type Options struct {
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

// Import brings a credential that another program holds into the folder that
// CLIProxyAPI loads. It changes nothing unless it returns no error: when the
// proof fails, what was there is put back. Accounts are compared by the
// provider's own ids, and what is replaced goes into the trash first. Faults:
// provider-unknown, import-unsupported, source-missing, source-unreadable,
// source-invalid, source-unsupported, project-missing, passphrase-missing, decrypt-failed, and
// those of place.
func Import(ctx context.Context, cfg *config.Config, env auth.Environment, name string, o Options) (auth.Change, error) {
	drafts, err := Gather(ctx, cfg, env, name, o)
	if err != nil {
		return auth.Change{}, err
	}
	plan := plan.Options{Dest: o.Dest, Force: o.Force, Share: o.Share, Take: o.Take, Lenient: o.Source != "" && len(drafts) > 1}
	return vault.Install(ctx, cfg, env, drafts, vault.Options{Options: plan, Dry: o.DryRun})
}

// Gather reads the drafts of a provider from where the options say.
func Gather(ctx context.Context, cfg *config.Config, env auth.Environment, name string, o Options) ([]draft.Draft, error) {
	in := importer{cfg: cfg, at: tool.Location{Project: o.Project, Env: env}, o: o}
	if name != auth.AllProviders {
		p, err := provider.Find(cfg, name)
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
			drafts[i].Label = o.Label
		}
		if err := Bind(cfg, in.provider, &drafts[i]); err != nil {
			return nil, err
		}
	}
	return drafts, nil
}
