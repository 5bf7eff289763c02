package settings

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/aws"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// awsKeys are the keys of litellm_params, and of credential_values, that are about AWS.
var awsKeys = []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region_name",
	"aws_profile_name", "aws_role_name", "aws_session_name", "aws_external_id", "aws_web_identity_token",
	"aws_sts_endpoint", "aws_bedrock_runtime_endpoint", "model_id"}

// unservedBedrockRoutes are the words before a model's name by which LiteLLM reaches
// interfaces of Bedrock's that this router does not have.
var unservedBedrockRoutes = []string{"agent", "agentcore", "async_invoke", "claude_platform", "mantle", "openai",
	"chat_completions"}

// cloudReader reads the texts of an entry of a cloud: from the entry, else from its
// credential, else from the environment.
type cloudReader struct {
	params, values document.Section
	ok             bool // no value refers to a variable that is not set
}

// text returns the value of a key, or of the first of the environment's variables that is set.
func (r *cloudReader) text(key string, variables ...string) string {
	for _, section := range [...]document.Section{r.params, r.values} {
		value, missing := section.Text(key)
		if missing != "" {
			r.ok = false
			section.Warn("environment-variable-unset", key,
				"environment variable %s is not set; the deployment cannot serve", missing)
		}
		if value != "" {
			return value
		}
	}
	value, _ := provider.FirstSet(variables, r.params.File().Getenv)
	return value
}

// readBedrock reads an entry of Amazon Bedrock: the model's name, the region, and who sends
// requests. The deployment cannot serve without a Base afterwards. profile is the ARN of the
// inference profile that is asked instead of the model; empty when there is none.
func readBedrock(d *Deployment, row provider.Provider, params, values document.Section) (profile string) {
	r := &cloudReader{params: params, values: values, ok: true}
	route, region, ok := splitBedrockModel(d)
	if !ok {
		params.Warn("provider-unsupported", "model", "the embedded router does not speak Bedrock's interface %q; runtime: "+
			"litellm does; the deployment cannot serve", route)
		return ""
	}
	a := readAWS(r)
	a.Region = cmp.Or(r.text("aws_region_name"), region, regionOfARN(d.Upstream))
	if a.Region == "" {
		a.Region = a.FindRegion()
	}
	if !isRegion(a.Region) {
		params.Warn("address-invalid", "aws_region_name", "%q is not a region of AWS; the deployment cannot serve", a.Region)
		return ""
	}
	d.Claude = strings.Contains(d.Upstream, "anthropic.") || strings.Contains(d.Upstream, "claude")
	profile = r.text("model_id")
	base, isOwn := readCloudBase(r, "aws_bedrock_runtime_endpoint", "AWS_BEDROCK_RUNTIME_ENDPOINT",
		"AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
	if base == "" {
		base = aws.Endpoint(a.Region)
	}
	isARN := strings.HasPrefix(cmp.Or(profile, d.Upstream), "arn:")
	if !setBedrockDialects(d, route, isARN, params) || !r.ok || !readAddress(d, row, params, base, isOwn) {
		return ""
	}
	d.AWS = a
	readKey(d, row, params, values, isOwn)
	return profile
}

// readAWS reads who sends the requests of an entry.
func readAWS(r *cloudReader) *aws.Access {
	return &aws.Access{
		Getenv:           r.params.File().Getenv,
		AccessKeyID:      r.text("aws_access_key_id"),
		SecretAccessKey:  r.text("aws_secret_access_key"),
		SessionToken:     r.text("aws_session_token"),
		ProfileName:      r.text("aws_profile_name", "AWS_PROFILE_NAME"),
		RoleName:         r.text("aws_role_name", "AWS_ROLE_NAME"),
		SessionName:      r.text("aws_session_name", "AWS_SESSION_NAME"),
		ExternalID:       r.text("aws_external_id", "AWS_EXTERNAL_ID"),
		WebIdentityToken: r.text("aws_web_identity_token", "AWS_WEB_IDENTITY_TOKEN"),
		STSEndpoint:      r.text("aws_sts_endpoint", "AWS_STS_ENDPOINT", "AWS_ENDPOINT_URL_STS"),
	}
}

// readCloudBase returns an address that the entry has for a cloud; empty when it has none.
// isOwn is false for api_base, which may be anybody's; a key of the cloud's own is meant
// for the cloud.
func readCloudBase(r *cloudReader, key string, variables ...string) (base string, isOwn bool) {
	for _, general := range [...]string{"api_base", "base_url"} {
		if base = r.text(general); base != "" {
			return base, false
		}
	}
	if key == "" {
		return "", true
	}
	return r.text(key, variables...), true
}

// splitBedrockModel takes the route and the region off the model's name. ok is false for a
// route that is not served.
func splitBedrockModel(d *Deployment) (route, region string, ok bool) {
	for {
		first, rest, isPath := strings.Cut(d.Upstream, "/")
		switch {
		case !isPath || strings.HasPrefix(d.Upstream, "arn:"):
			return route, region, true
		case first == "converse" || first == "converse_like" || first == "invoke":
			route = strings.TrimSuffix(first, "_like")
		case isRegion(first):
			region = first
		default:
			for _, unserved := range unservedBedrockRoutes {
				if first == unserved {
					return first, "", false
				}
			}
			return route, region, true // a name of an imported model
		}
		d.Upstream = rest
	}
}

// setBedrockDialects sets the dialects that a model has at Bedrock, and reports whether it has
// any. As in LiteLLM, Claude gets requests to /v1/messages as they are, and all others and the
// ARNs of profiles by Converse.
func setBedrockDialects(d *Deployment, route string, isARN bool, params document.Section) bool {
	switch {
	case !isConversation(d, params):
		return false
	case route == "invoke" && d.Claude:
		d.Dialects = dialect.SetOf(dialect.Messages)
	case route == "invoke":
		params.Warn("provider-unsupported", "model", "the embedded router invokes Claude only: write "+
			"bedrock/converse/%s; the deployment cannot serve", d.Upstream)
		return false
	case route == "" && d.Claude && !isARN:
		d.Dialects = dialect.SetOf(dialect.Messages, dialect.Converse)
	default:
		d.Dialects = dialect.SetOf(dialect.Converse)
	}
	return true
}

// regionOfARN returns the region in an Amazon Resource Name; empty for another text.
func regionOfARN(name string) string {
	if parts := strings.Split(name, ":"); len(parts) > 4 && parts[0] == "arn" {
		return parts[3]
	}
	return ""
}

// isRegion reports whether a text has the form of a region's name, such as us-east-1.
func isRegion(text string) bool {
	matched, err := regexp.MatchString(`^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$`, text)
	return matched && err == nil
}

// takesCachePoints reports whether a model of Bedrock's takes cache points, according to
// LiteLLM 1.106.2 (model_prices_and_context_window.json): Claude 3.5 and later ones, and
// Amazon's Nova. What an ARN stands for is unknown; as in LiteLLM, it gets them.
func takesCachePoints(model string) bool {
	if strings.HasPrefix(model, "arn:") || strings.Contains(model, "amazon.nova-") {
		return true
	}
	major, minor := claudeVersion(model)
	isFirst := strings.Contains(model, "claude-3-5-sonnet-20240620")
	return (major > 3 || major == 3 && minor >= 5) && !isFirst
}

// takesCacheHour reports whether a cache point of a model may last an hour, according to the
// same file: Claude 4.5 and later ones.
func takesCacheHour(model string) bool {
	major, minor := claudeVersion(model)
	return major > 4 || major == 4 && minor >= 5
}
