package settings

import (
	"cmp"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// isAzureHost reports whether a host belongs to Azure, whose keys have a header of their own.
func isAzureHost(host string) bool {
	return strings.HasSuffix(host, ".services.ai.azure.com") || strings.HasSuffix(host, ".openai.azure.com")
}

// defaultAzureVersion is the api_version that LiteLLM 1.106.2 uses when an entry has
// none (litellm.AZURE_DEFAULT_API_VERSION).
const defaultAzureVersion = "2025-02-01-preview"

// readAzure reads from an entry and its credential which of Azure's two interfaces is used:
// the one below /openai/v1, when the address, the api_version or the model (responses/…) asks
// for it, or else the one below /openai/deployments. An address may be that of a whole request: then
// its deployment counts before the model, and its api-version after that of the entry.
func readAzure(d *Deployment, params, values document.Section, responsesOnly bool) {
	version := params.Word("api_version")
	if version == "" {
		version = values.Word("api_version")
	}
	written := d.Base.Query()
	version = cmp.Or(version, written.Get("api-version"), params.File().Getenv("AZURE_API_VERSION"), defaultAzureVersion)
	written.Del("api-version")
	base := *d.Base
	base.RawQuery = written.Encode()
	if folders, rest, ok := strings.Cut(base.Path, "/openai/deployments/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		base.Path, base.RawPath, d.Upstream = folders, "", cmp.Or(name, d.Upstream)
	}
	isVersion1 := strings.HasSuffix(base.Path, "/openai/v1")
	if !isVersion1 {
		base.Path = strings.TrimSuffix(base.Path, "/openai")
		base.Path = cmp.Or(base.Path, "/")
	}
	d.Base = &base
	switch {
	case isVersion1:
	case responsesOnly || version == "v1" || version == "latest" || version == "preview":
		d.Base = base.JoinPath("openai/v1")
	default:
		d.APIVersion = version
	}
}
