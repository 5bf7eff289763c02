package settings

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// upstreamEntry is what an entry of model_list says of its upstream.
type upstreamEntry struct {
	params      document.Section // litellm_params
	info        document.Section // model_info
	credentials credentials
}

// newUpstreamEntry returns what an entry of model_list says of its upstream.
func newUpstreamEntry(entry document.Section, all credentials) upstreamEntry {
	return upstreamEntry{params: entry.Sub("litellm_params"), info: entry.Sub("model_info"), credentials: all}
}

// readUpstream reads where the deployment's model is served, under which name, with
// which key, and which dialects it has there. A deployment that stays without Base
// cannot serve; then there is a warning that says why.
func readUpstream(d *Deployment, entry upstreamEntry, known providers) {
	params := entry.params
	prefix, name, responsesOnly := splitModel(d.Model, params)
	row := known.find(prefix)
	d.Upstream, d.Provider = name, prefix
	if len(row.Speaks) > 0 && dialectsOf(row) == dialect.SetOf(dialect.Messages, dialect.CountTokens) {
		d.Kind = Anthropic
	}
	d.IsGoogle = prefix == "gemini"
	values, ok := entry.named(d)
	if !ok {
		return
	}
	base, isOwn, ok := readBase(d, row, params, values)
	if !ok {
		return
	}
	readKey(d, row, params, values, isOwn)
	readHeaders(d, row, params)
	d.Dialects, d.DialectsAssumed = dialect.All, true
	if isOwn || d.Kind == Anthropic || row.Path != "" || prefix == "azure" {
		d.Dialects, d.DialectsAssumed = dialectsOf(row), false
	}
	if responsesOnly {
		d.Dialects, d.DialectsAssumed = dialect.SetOf(dialect.Responses, dialect.Compact), false
	}
	readDialects(d, entry.info)
	readTranslation(d, row, entry.info, isOwn)
	if base == "" {
		return
	}
	var problem string
	if d.Base, problem = parseBase(d.Kind, base); problem != "" {
		params.Warn("address-invalid", addressKey(params), "%s; the deployment cannot serve", problem)
		return
	}
	d.Base = row.Complete(d.Base)
	if prefix == "azure_ai" && !isAzureHost(d.Base.Hostname()) {
		d.KeyHeader = "" // as LiteLLM does for models that are served elsewhere
	}
	if prefix == "azure" {
		readAzure(d, params, responsesOnly)
	}
	if isOwn && row.RerankURL != "" {
		d.RankURL, _ = url.Parse(row.RerankURL) // a test reads every entry
	}
	if isOwn && row.MessagesBase != "" {
		address, _ := provider.Provider{Base: row.MessagesBase,
			BaseVariables: row.MessagesBaseVariables}.Address(params.File().Getenv)
		if d.MessagesBase, problem = parseBase(Anthropic, address); problem != "" {
			params.Warn("address-invalid", "model", "%s: %s; it is not used", row.MessagesBaseVariables[0], problem)
		}
	}
}

// addressKey returns the key that an entry's address stands under, or comes from.
func addressKey(params document.Section) string {
	for _, key := range [...]string{"api_base", "base_url", "litellm_credential_name"} {
		if params.Has(key) {
			return key
		}
	}
	return "model"
}

// readBase returns the address of the entry, of its credential, or of the provider.
// isOwn is set for an address of the provider itself, the only one that gets the key
// of the provider's usual variable. ok is false when the deployment cannot serve.
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
			return base, isAddressOf(row, base), warnNativeOnly(row, params)
		}
	}
	if base, _ = row.Address(params.File().Getenv); base == "" && d.Mock == nil {
		params.Warn("provider-unknown", "model", "%s; the deployment cannot serve", whyNoAddress(row))
		return "", false, true
	}
	return base, true, true
}

// warnNativeOnly reports whether an entry with an address of its own can be served.
// LiteLLM speaks the provider's native interface there, which this router does not have.
func warnNativeOnly(row provider.Provider, params document.Section) bool {
	if row.Unsupported {
		params.Warn("provider-unsupported", "model", "%s; the deployment cannot serve", whyNoAddress(row))
	}
	return !row.Unsupported
}

// whyNoAddress returns why an entry without api_base has no address, and what to do.
func whyNoAddress(row provider.Provider) string {
	switch {
	case row.SignIn != "":
		return "provider \"" + row.Prefix + program.Text("\" is a subscription: sign in with mage auth:login ") + row.SignIn +
			", and name the model that CLIProxyAPI serves, as openai/MODEL with its address as api_base"
	case row.Unsupported:
		return "the embedded router does not speak to provider \"" + row.Prefix + "\"; runtime: litellm does"
	case row.Prefix == "":
		return "the model has no provider's prefix; write it as PROVIDER/MODEL, for example openai/MODEL"
	case len(row.BaseVariables) > 0:
		return "provider \"" + row.Prefix + "\" needs an api_base here, or " + row.BaseVariables[0] + " in the environment"
	}
	return "provider \"" + row.Prefix + "\" needs an api_base here"
}

// isAddressOf reports whether an address is the provider's own: the host of its default address.
func isAddressOf(row provider.Provider, address string) bool {
	own, err := url.Parse(row.Base)
	if err != nil || own.Scheme != "https" {
		return false
	}
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && strings.EqualFold(u.Host, own.Host)
}

// readKey reads the key of the entry, of its credential, or of the provider's usual
// variable. The last is sent to the provider's own address only.
func readKey(d *Deployment, row provider.Provider, params, values document.Section, isOwn bool) {
	d.KeyHeader = row.KeyHeader
	section, key := params, "api_key"
	d.Key, d.MissingKey = params.Text("api_key")
	if d.Key == "" && d.MissingKey == "" {
		section = values
		d.Key, d.MissingKey = values.Text("api_key")
	}
	if d.Key == "" && d.MissingKey == "" && row.Prefix == "azure" {
		section, key = params, "azure_ad_token"
		if d.Key, d.MissingKey = params.Text(key); d.Key != "" {
			d.KeyHeader = ""
		}
	}
	if written, _ := section.Value(key).(string); d.Key != "" || d.MissingKey != "" {
		d.KeyVariable = variableOf(written)
	}
	if d.MissingKey != "" {
		section.Warn("environment-variable-unset", key,
			"environment variable %s is not set; the deployment answers 401 until it is", d.MissingKey)
	}
	if strings.HasPrefix(d.Key, "${") {
		section.Warn("key-is-shell-reference", key, "the text %q is sent as the key: write os.environ/%s", d.Key,
			strings.Trim(d.Key, "${}"))
	}
	if d.Key != "" || d.MissingKey != "" || d.Mock != nil || len(row.KeyVariables) == 0 {
		return
	}
	usual, variable := row.Key(params.File().Getenv)
	switch {
	case isOwn && usual != "":
		d.Key, d.KeyVariable = usual, variable
	case isOwn && !row.KeyOptional:
		d.KeyVariable, d.MissingKey = row.KeyVariables[0], row.KeyVariables[0]
		params.Warn("environment-variable-unset", "model",
			"environment variable %s is not set; the deployment answers 401 until it is", d.MissingKey)
	case !isOwn && usual != "" && !row.KeyOptional:
		params.Warn("key-not-sent", "model", "no key is sent to this address; if it is to get the one of %s, write api_key: "+
			"os.environ/%s", variable, variable)
	}
}

// variableOf returns the environment variable of a reference, "" for another text.
func variableOf(text string) string {
	if name, isRef := strings.CutPrefix(text, "os.environ/"); isRef {
		return name
	}
	return ""
}

// readHeaders reads the headers that an entry and its provider add to each request.
func readHeaders(d *Deployment, row provider.Provider, params document.Section) {
	d.Headers = map[string]string{}
	for name, value := range row.Headers {
		d.Headers[name] = strings.ReplaceAll(value, "{api_key}", d.Key)
	}
	if organization, _ := params.Text("organization"); organization != "" {
		d.Headers["Openai-Organization"] = organization
	}
	extra := params.Sub("extra_headers")
	for _, name := range extra.Keys() {
		if value, missing := extra.Text(name); missing != "" {
			extra.Warn("environment-variable-unset", name, "environment variable %s is not set; the header is not sent", missing)
		} else if value != "" {
			d.Headers[name] = value
		}
	}
}

// readDialects reads model_info.speaks, which goes over what is known of the provider.
func readDialects(d *Deployment, info document.Section) {
	if !info.Has("speaks") {
		return
	}
	const expected = "chat, responses, compact, messages, completions, embeddings, images, audio, rerank, moderations or gemini"
	row := provider.Provider{Speaks: info.Texts("speaks", expected)}
	for _, route := range row.Speaks {
		if dialectsOfRoute(route) == nil {
			info.Fail("speaks", "%q is not a route: expected %s", route, expected)
		}
	}
	d.Dialects, d.DialectsAssumed = dialectsOf(row), false
}

// readTranslation reads what a translation must know of the upstream.
func readTranslation(d *Deployment, row provider.Provider, info document.Section, isOwn bool) {
	d.TakesEffort, d.ReasoningBack = row.TakesEffort, row.ReturnsReasoning
	d.OldLimitName = row.Rename["max_completion_tokens"] == "max_tokens"
	d.ThoughtsBack, d.RankLimitName = row.ReturnsThoughts, row.Rename["top_n"]
	if strings.Contains(d.Upstream, "gpt-oss") { // its prompt format has the effort, wherever it is served
		d.TakesEffort = true
	}
	d.Adaptive = isAdaptive(d.Upstream)
	if isOwn && (row.Prefix == "openai" || row.Prefix == "azure") { // newer models refuse max_tokens
		d.MaxTokensName, d.TextParts = "max_completion_tokens", true
		d.TakesEffort = slices.ContainsFunc([]string{"gpt-5", "o1", "o3", "o4"},
			func(p string) bool { return strings.HasPrefix(d.Upstream, p) })
	}
	readAbilities(d, info)
}

// readAbilities reads what model_info says of the model, in LiteLLM's words.
func readAbilities(d *Deployment, info document.Section) {
	if count := info.Count("max_output_tokens"); count != nil {
		d.MaxOutputTokens = *count
	}
	if info.Has("supports_reasoning") {
		d.TakesEffort = info.Flag("supports_reasoning")
	}
	d.NoImages = info.Has("supports_vision") && !info.Flag("supports_vision")
	d.NoFiles = info.Has("supports_pdf_input") && !info.Flag("supports_pdf_input")
}

// isAdaptive reports whether a model is one of Anthropic's that decides itself how
// much it thinks: those from Claude 4.6 on. Claude 4.7 refuses a budget.
func isAdaptive(model string) bool {
	_, version, ok := strings.Cut(model, "claude-")
	if !ok {
		return false
	}
	numbers := strings.FieldsFunc(version, func(r rune) bool { return r == '-' || r == '.' || r == '@' || r == ':' })
	for i, text := range numbers {
		major, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		minor := 0
		if i+1 < len(numbers) && len(numbers[i+1]) < 3 { // a longer one is a date
			minor, _ = strconv.Atoi(numbers[i+1]) // another word counts as 0
		}
		return major < 100 && (major > 4 || major == 4 && minor >= 6)
	}
	return false
}

// isAzureHost reports whether a host is one of Azure's, whose keys have a header of their own.
func isAzureHost(host string) bool {
	return strings.HasSuffix(host, ".services.ai.azure.com") || strings.HasSuffix(host, ".openai.azure.com")
}

// defaultAzureVersion is the api_version that LiteLLM 1.106.2 uses when an entry has
// none (litellm.AZURE_DEFAULT_API_VERSION).
const defaultAzureVersion = "2025-02-01-preview"

// readAzure reads which of Azure's two interfaces an entry uses: the one below
// /openai/v1, by its address or for responses, or that of deployments with api_version.
func readAzure(d *Deployment, params document.Section, responsesOnly bool) {
	version, _ := params.Text("api_version")
	version = cmp.Or(version, params.File().Getenv("AZURE_API_VERSION"), defaultAzureVersion)
	if responsesOnly || strings.HasSuffix(d.Base.Path, "/openai/v1") {
		if !strings.HasSuffix(d.Base.Path, "/openai/v1") {
			d.Base = d.Base.JoinPath("openai/v1")
		}
		return
	}
	d.APIVersion = version
}
