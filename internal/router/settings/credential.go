package settings

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// credentials are the entries of credential_list by their names.
type credentials map[string]document.Section

// readCredentials reads credential_list, the keys and addresses that entries of
// model_list refer to by litellm_credential_name.
func readCredentials(top document.Section) credentials {
	all := credentials{}
	for i, v := range top.List("credential_list") {
		entry := top.File().Mapping([]any{"credential_list", i}, v)
		entry.WarnUnknown("credential_name", "credential_values", "credential_info")
		if name := entry.Word("credential_name"); name != "" {
			values := entry.Sub("credential_values")
			values.WarnUnknown(slices.Concat([]string{"api_key", "api_base", "base_url", "api_version"}, awsKeys, vertexKeys)...)
			all[name] = values
		}
	}
	return all
}

// findCredential returns the credential that an entry refers to; an empty one when it
// refers to none. ok is false when the credential does not exist and the entry is not a
// mock: then the deployment cannot serve, since without the credential the request would
// go to another address, with another key.
func (e upstreamEntry) findCredential(d *Deployment) (values document.Section, ok bool) {
	name, missing := e.params.Text("litellm_credential_name")
	if name == "" && missing == "" {
		return document.Section{}, true
	}
	if values, ok = e.credentials[name]; !ok {
		e.params.Warn("credential-unknown", "litellm_credential_name",
			"credential_list has no %q; the deployment cannot serve", name+missing)
	}
	return values, ok || d.Mock != nil
}
