// Package source imports credentials that another program holds: Import takes them
// from the usual place of the provider's own tool (package tool), from a file, from
// a folder of another CLIProxyAPI, or from an export.
//
// Gather only reads; package vault decides and writes.
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

// Options steer Import. The zero value reads the usual places and refuses whatever
// could end a sign-in.
type Options struct {
	Source  string // a file, a folder of credential files, or an export; "": the usual places
	Dest    string // a file or folder; "": CLIProxyAPI's folder, with the name that it would choose
	Label   string // names the account if the source does not
	Project string // Google Cloud project, if the provider needs one
	DryRun  bool   // do everything except writing
	Force   bool   // replace a newer credential or another account, accept a missing refresh token
	Share   bool   // accept that several programs hold one grant
	Take    bool   // move the grant: its refresh token is removed from the source, which gets a backup

	Env      string                              // variable that holds an export's passphrase
	Identity string                              // file of an age identity, for an export
	Secret   func(prompt string) (string, error) // asks for the passphrase; nil without a terminal
}

// Import copies the credential of a provider (or of all) that another program holds
// into the folder that CLIProxyAPI loads. If it fails, at a write or at the proof,
// every file is as it was before. Accounts are compared by the provider's own ids;
// a replaced file is moved to the trash. Faults: provider-unknown,
// import-unsupported, source-missing, source-unreadable, source-invalid,
// source-unsupported, project-missing, passphrase-missing, decrypt-failed, and
// those of vault.Install.
func Import(ctx context.Context, cfg *config.Config, env auth.Environment, name string,
	o Options) (auth.Change, error) {
	drafts, err := Gather(ctx, cfg, env, name, o)
	if err != nil {
		return auth.Change{}, err
	}
	options := plan.Options{Dest: o.Dest, Force: o.Force, Share: o.Share, Take: o.Take,
		Lenient: o.Source != "" && len(drafts) > 1}
	return vault.Install(ctx, cfg, env, drafts, vault.Options{Options: options, Dry: o.DryRun})
}

// Gather reads the credentials of a provider from the place that o names. It writes
// nothing. Faults: provider-invalid, and those of Import that are not vault.Install's.
func Gather(ctx context.Context, cfg *config.Config, env auth.Environment, name string,
	o Options) ([]draft.Draft, error) {
	in := importer{cfg: cfg, at: tool.Location{Project: o.Project, Env: env}, o: o}
	if name != auth.AllProviders {
		p, err := provider.Find(cfg, name)
		if err != nil {
			return nil, err
		}
		in.provider = &p
	}
	drafts, err := in.readSource(ctx)
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
