package status

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/internal/config"
)

// ProviderStatus is a provider with the methods that can be used now.
type ProviderStatus struct {
	Name          string   `json:"name"`
	Methods       []string `json:"methods"`
	DefaultMethod string   `json:"default_method"`
	Available     bool     `json:"available"` // the default method can be used now
	Reason        string   `json:"reason"`    // why it cannot
	Possible      []string `json:"possible"`  // the methods that can be used now; never nil
	ImportsFrom   string   `json:"imports_from,omitempty"`
	Configured    bool     `json:"configured"` // flowgate.yaml has settings for it
}

// List returns how each provider can sign in now; with only, that provider alone.
// Fault: provider-invalid.
func List(_ context.Context, cfg *config.Config, env auth.Environment, only string) ([]ProviderStatus, error) {
	providers, err := provider.All(cfg)
	if err != nil {
		return nil, err
	}
	serverReason := management.NotReady(cfg, env)
	all := []ProviderStatus{}
	for _, p := range providers {
		if only != "" && p.Name != only {
			continue
		}
		st := ProviderStatus{Name: p.Name, Methods: p.Methods, DefaultMethod: p.Methods[0], Possible: []string{},
			ImportsFrom: p.Settings.ImportDoc, Configured: p.Written}
		mistake := provider.CheckSettings(cfg, p)
		for i, name := range p.Methods {
			why := serverReason // CLIProxyAPI is asked once for all providers
			if name != "management" {
				why = signin.NotReady(cfg, env, p, name)
			}
			if mistake != nil {
				why = mistake.Error()
			}
			if why == "" {
				st.Possible = append(st.Possible, name)
			}
			if i == 0 {
				st.Available, st.Reason = why == "", why
			}
		}
		all = append(all, st)
	}
	return all, nil
}
