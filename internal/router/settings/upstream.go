package settings

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// upstreamEntry has the parts of an entry of model_list that are about its upstream.
type upstreamEntry struct {
	params      document.Section // litellm_params
	info        document.Section // model_info
	credentials credentials
}

// newUpstreamEntry returns the parts of an entry of model_list that are about its upstream.
func newUpstreamEntry(entry document.Section, all credentials) upstreamEntry {
	return upstreamEntry{params: entry.Sub("litellm_params"), info: entry.Sub("model_info"), credentials: all}
}

// readUpstream reads where the deployment's model is served, under which name, with
// which key, and which dialects it has there. A deployment that has no Base afterwards
// and is not a mock cannot serve; a warning says why.
func readUpstream(d *Deployment, entry upstreamEntry, known providers) {
	params := entry.params
	prefix, name, responsesOnly := splitModel(d.Model, params)
	row := known.find(prefix)
	d.Upstream, d.Provider = row.WholeName(name), prefix
	if len(row.Speaks) > 0 && dialectsOf(row) == dialect.SetOf(dialect.Messages, dialect.CountTokens) {
		d.Kind = Anthropic
	}
	d.IsGoogle = prefix == "gemini"
	values, ok := entry.findCredential(d)
	if !ok {
		return
	}
	if row.Cloud != "" {
		readCloud(d, row, entry, values)
		return
	}
	base, isOwn, ok := readBase(d, row, params, values)
	if !ok || base != "" && !readAddress(d, row, params, base, isOwn) {
		return
	}
	readKey(d, row, params, values, isOwn)
	readHeaders(d, row, params, isOwn)
	d.Dialects, d.DialectsAssumed = dialect.All, true
	isMockAlone := d.Mock != nil && base == "" // it answers in every dialect
	if !isMockAlone && (isOwn || d.Kind == Anthropic || row.Path != "" || prefix == "azure") {
		d.Dialects, d.DialectsAssumed = dialectsOf(row), false
	}
	if responsesOnly {
		d.Dialects, d.DialectsAssumed = dialect.SetOf(dialect.Responses, dialect.Compact), false
	}
	readDialects(d, entry.info)
	readTranslation(d, row, entry.info, isOwn)
	readDropping(d, row, params)
	if d.Base != nil {
		readOtherAddresses(d, row, params, values, isOwn, responsesOnly)
	}
	warnUnservedMode(d, entry.info)
}

// readCloud reads what readUpstream reads, of an entry of Amazon Bedrock or Vertex AI.
func readCloud(d *Deployment, row provider.Provider, entry upstreamEntry, values document.Section) {
	profile := ""
	if row.Cloud == "aws" {
		profile = readBedrock(d, row, entry.params, values)
	} else {
		readVertex(d, row, entry.params, values)
	}
	readHeaders(d, row, entry.params, true)
	if d.Vertex != nil && !strings.HasPrefix(d.Upstream, "google/") {
		row.TakesEffort, row.ReturnsThoughts = false, false
	}
	readTranslation(d, row, entry.info, true)
	d.Upstream = cmp.Or(profile, d.Upstream) // from here on, the model's name says nothing any more
	readDropping(d, row, entry.params)
	warnUnservedMode(d, entry.info)
}

// readAddress sets the deployment's address, and reports whether the address is valid.
// It warns when it is not.
func readAddress(d *Deployment, row provider.Provider, params document.Section, base string, isOwn bool) (ok bool) {
	parsed, problem := parseBase(d.Kind, base)
	if problem != "" {
		params.Warn("address-invalid", addressKey(params), "%s; the deployment cannot serve", problem)
		return false
	}
	d.Base = row.Complete(parsed)
	d.RankURL = row.RankAddress(parsed, isOwn && isAddressOf(row, base)) // not for an address of a variable
	return true
}

// readOtherAddresses adapts the address to the provider, and reads the addresses of the
// routes that are not below it.
func readOtherAddresses(d *Deployment, row provider.Provider, params, values document.Section,
	isOwn, responsesOnly bool) {
	switch {
	case row.Prefix == "azure_ai" && !isAzureHost(d.Base.Hostname()):
		d.KeyHeader = "" // as LiteLLM does for models that are served elsewhere
	case row.Prefix == "azure":
		readAzure(d, params, values, responsesOnly)
	}
	if isOwn && row.MessagesBase != "" {
		readMessagesBase(d, row, params)
	}
}

// readMessagesBase reads the address of messages of a provider that has another one for them.
// When a variable has replaced the provider's own address and none names that of messages,
// they are not asked for: the key is not that of the provider's own address.
func readMessagesBase(d *Deployment, row provider.Provider, params document.Section) {
	address, variable := provider.Provider{Base: row.MessagesBase,
		BaseVariables: row.MessagesBaseVariables}.Address(params.File().Getenv)
	if variable == "" && !isAddressOf(row, d.Base.String()) {
		d.Dialects &^= dialect.SetOf(dialect.Messages, dialect.CountTokens)
		return
	}
	var problem string
	if d.MessagesBase, problem = parseBase(Anthropic, address); problem != "" {
		params.Warn("address-invalid", "model", "%s: %s; it is not used", row.MessagesBaseVariables[0], problem)
	}
}

// addressKey returns the key of an entry that its address comes from.
func addressKey(params document.Section) string {
	for _, key := range [...]string{"api_base", "base_url", "litellm_credential_name"} {
		if params.Has(key) {
			return key
		}
	}
	return "model"
}

// readBase returns the address from the entry, from its credential, or from the provider;
// empty when there is none. isOwn is set for an address of the provider itself, the only
// one that gets the key in the provider's usual variable. ok is false when the deployment
// cannot serve; a warning says why.
func readBase(d *Deployment, row provider.Provider, params, values document.Section) (base string, isOwn, ok bool) {
	for _, source := range [...]struct {
		section document.Section
		key     string
	}{{params, "api_base"}, {params, "base_url"}, {values, "api_base"}, {values, "base_url"}} {
		base, missing := source.section.Text(source.key)
		if missing != "" {
			source.section.Warn("environment-variable-unset", source.key,
				"environment variable %s is not set; the deployment cannot serve", missing)
			return "", false, false
		}
		if base != "" {
			if source.key == "api_base" && source.section.Has("base_url") {
				source.section.Warn("setting-without-effect", "base_url", "base_url has no effect beside api_base")
			}
			return base, isAddressOf(row, base), checkProvider(row, params)
		}
	}
	if base, _ = row.Address(params.File().Getenv); base == "" && d.Mock == nil {
		params.Warn("provider-unknown", "model", "%s; the deployment cannot serve", explainNoAddress(row, params))
		return "", false, false
	}
	return base, true, true
}

// checkProvider reports whether the router can serve an entry that has an address of its
// own, and warns when it cannot: LiteLLM speaks the native interface of some providers
// there, which this router does not have.
func checkProvider(row provider.Provider, params document.Section) bool {
	switch {
	case row.Unsupported:
		params.Warn("provider-unsupported", "model", "%s; the deployment cannot serve", explainNoAddress(row, params))
	case row.Prefix != "" && len(row.Speaks) == 0 && row.SignIn == "":
		model, _ := params.Text("model")
		params.Warn("provider-unknown", "model", "%s; the address is asked for the rest of the name: if %[2]q is the "+
			"model's whole name, write openai/%[2]s", explainUnknown(row.Prefix, ""), model)
	}
	return !row.Unsupported
}

// explainUnknown returns that no provider has a prefix, with a consequence, and which one may
// be meant.
func explainUnknown(prefix, consequence string) string {
	return suggest.HintAfter("provider \""+prefix+"\" is not known"+consequence, prefix, provider.Names())
}

// explainNoAddress returns why an entry without api_base has no address, and what to do.
func explainNoAddress(row provider.Provider, params document.Section) string {
	model, _ := params.Text("model")
	switch {
	case strings.HasSuffix(model, "/"):
		return "nothing stands behind the provider's prefix; write the model as " + model + "MODEL"
	case row.SignIn != "":
		return "provider \"" + row.Prefix + program.Text("\" is a subscription: sign in with mage auth:login ") + row.SignIn +
			", and name the model that CLIProxyAPI serves, as openai/MODEL with its address as api_base"
	case row.Unsupported:
		return "the embedded router does not speak to provider \"" + row.Prefix + "\"; runtime: litellm does"
	case row.Prefix == "":
		return "the model has no provider's prefix; write it as PROVIDER/MODEL, for example openai/MODEL"
	case len(row.Speaks) == 0:
		return explainUnknown(row.Prefix, " and needs an api_base")
	case len(row.BaseVariables) > 0:
		return "provider \"" + row.Prefix + "\" needs an api_base here, or " + row.BaseVariables[0] + " in the environment"
	}
	return "provider \"" + row.Prefix + "\" needs an api_base here"
}

// isAddressOf reports whether an address is the provider's own: it has the host of the
// provider's default address or that of its rankings, and https.
func isAddressOf(row provider.Provider, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return false
	}
	for _, own := range [...]string{row.Base, row.RerankURL} {
		if known, err := url.Parse(own); err == nil && known.Scheme == "https" && strings.EqualFold(u.Host, known.Host) {
			return true
		}
	}
	return false
}

// readDialects reads model_info.speaks, which replaces what is known of the provider.
func readDialects(d *Deployment, info document.Section) {
	if !info.Has("speaks") {
		return
	}
	const expected = "chat, responses, compact, messages, completions, embeddings, images, audio, speech, " +
		"transcriptions, rerank, moderations or gemini"
	row := provider.Provider{Speaks: info.Texts("speaks", expected)}
	for _, route := range row.Speaks {
		if dialectsOfRoute(route) == nil {
			info.Fail("speaks", "%q is not a route: expected %s", route, expected)
		}
	}
	d.Dialects, d.DialectsAssumed = dialectsOf(row), false
}
