package routertest

import (
	"fmt"
	"strings"
)

// Groups returns a configuration. The line "name: up1 up2" makes a group of deployments
// with ids name-up1 and name-up2; "a/…" makes an Anthropic one. The text after " | " is
// added to the parameters of each deployment of the line, settings to the end of the file.
func Groups(settings string, lines ...string) string {
	var b strings.Builder
	b.WriteString("model_list:\n")
	for _, line := range lines {
		name, list, _ := strings.Cut(line, ": ")
		list, extra, _ := strings.Cut(list, " | ")
		for _, up := range strings.Fields(list) {
			provider, base := "openai", "http://UP/v1"
			if rest, ok := strings.CutPrefix(up, "a/"); ok {
				provider, base, up = "anthropic", "http://UP", rest
			}
			if extra != "" && !strings.HasPrefix(extra, ",") {
				extra = ", " + extra
			}
			fmt.Fprintf(&b, "  - {model_name: %s, litellm_params: {model: %s/%s, api_base: %s, api_key: k-secret%s}, "+
				"model_info: {id: %s-%s}}\n", name, provider, up, base, extra, name, up)
		}
	}
	return b.String() + "general_settings: {master_key: sk-test}\n" + settings
}

// WithoutCooldowns has the settings that turn cooldowns off.
const WithoutCooldowns = "router_settings: {disable_cooldowns: true}\n"

// WithoutRetries has the settings that turn retries off.
const WithoutRetries = "litellm_settings: {num_retries: 0}\n"

// TwoDeployments returns a configuration with two deployments of group m, bad and ok. rule
// is added to router_settings and begins with a comma, unless it is empty.
func TwoDeployments(bad, rule string) string {
	return Groups("router_settings: {num_retries: 0"+rule+"}\n", "m: "+bad+" ok")
}

// OneDeployment returns a configuration with one deployment of group m, id d, and settings.
func OneDeployment(settings string) string {
	return "model_list:\n  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: " +
		"k-secret}, model_info: {id: d}}\n" +
		"general_settings: {master_key: sk-test}\n" + settings
}

// CooldownAtOnce has the settings that cool a deployment down for 5 s after its first failure.
const CooldownAtOnce = "router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 0}\n"

// Minimal is a configuration with one deployment of group m, id id-m.
const Minimal = `model_list:
  - {model_name: m, litellm_params: {model: openai/up-model, api_base: http://UP/v1, api_key: k-up}, model_info: {id: id-m}}
general_settings: {master_key: sk-test}
`

// OwnKey is a configuration with one deployment of group m whose key is one that FlowGate made.
const OwnKey = `model_list:
- {model_name: m, litellm_params: {model: openai/m, api_base: "http://UP/v1", api_key: sk-upstream-own, num_retries: 2}}
general_settings: {master_key: sk-test}
`

// OneDeploymentAt is OneDeployment with another address.
func OneDeploymentAt(base, settings string) string {
	return strings.Replace(OneDeployment(settings), "http://UP/v1", base, 1)
}

// WithParameter returns Minimal with one more line in litellm_params.
func WithParameter(line string) string {
	return strings.Replace(Minimal, "api_key: k-up", "api_key: k-up, "+line, 1)
}

// WithGeneral returns yaml with one more line in general_settings.
func WithGeneral(yaml, line string) string {
	return strings.Replace(yaml, "{master_key: sk-test", "{master_key: sk-test, "+line, 1)
}

// OneTry has the router_settings that turn retries and cooldowns off.
const OneTry = "num_retries: 0, disable_cooldowns: true"

// KeepAlive is the comment that a client gets while it waits for a stream.
const KeepAlive = ": keep-alive\n\n"
