package scaffold

import (
	_ "embed" // the two templates
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
)

var (
	//go:embed flowgate.yaml.tmpl
	flowgateTemplate string
	//go:embed cliproxyapi.yaml.tmpl
	cliproxyTemplate string
)

// flowgateYAML returns the text of flowgate.yaml. deployment and fallback are further
// list entries, whole lines; normally empty.
func (o Options) flowgateYAML(deployment, fallback string) string {
	defaultModel, cheapModel, note := "router-default", "router-cheap", ""
	if o.Upstream == config.RuntimeCLIProxyAPI {
		// Two models that CLIProxyAPI 7.2 lists for a signed-in Codex account.
		defaultModel, cheapModel, note = "gpt-5.4", "gpt-5.4-mini", " # a model that the upstream's /v1/models lists"
	}
	costFails := "3"
	if o.Runtime == config.RuntimeLiteLLM {
		costFails = "4 # LiteLLM takes 3, its default, for unset"
	}
	return strings.NewReplacer(
		"@COST_FAILS@", costFails,
		"@ROUTER_RUNTIME@", o.Runtime, "@UPSTREAM_RUNTIME@", o.Upstream,
		"@ROUTER_PORT@", strconv.Itoa(o.RouterPort), "@UPSTREAM_PORT@", strconv.Itoa(o.UpstreamPort),
		"@DEFAULT_MODEL@", defaultModel, "@CHEAP_MODEL@", cheapModel, "@MODEL_NOTE@", note,
		"@EXTRA_DEPLOYMENT@", deployment, "@EXTRA_FALLBACK@", fallback,
	).Replace(flowgateTemplate)
}

// cliproxyYAML returns the text of cliproxyapi.yaml.
func (o Options) cliproxyYAML(upstreamKey, managementKey string) string {
	return strings.NewReplacer(
		"@UPSTREAM_PORT@", strconv.Itoa(o.UpstreamPort),
		"@AUTH_DIR@", quoteYAML(filepath.Join(o.Dir, ".router", "auths")),
		"@UPSTREAM_KEY@", quoteYAML(upstreamKey), "@MANAGEMENT_KEY@", quoteYAML(managementKey),
	).Replace(cliproxyTemplate)
}

// nextCommands returns what people type after init.
func (o Options) nextCommands() []string {
	base := fmt.Sprintf("http://127.0.0.1:%d", o.RouterPort)
	var lines []string
	if o.Runtime == config.RuntimeLiteLLM {
		lines = append(lines, program.Command("bootstrap litellm"))
	}
	if o.Upstream == config.RuntimeCLIProxyAPI {
		lines = append(lines, program.Command("bootstrap cliproxyapi"), program.Command("auth login codex"))
	}
	return append(
		lines,
		program.Command("start"),
		"ANTHROPIC_BASE_URL="+base+" ANTHROPIC_AUTH_TOKEN=$(cat .router/secrets/gateway.key) ANTHROPIC_MODEL=router-default "+
			"ANTHROPIC_SMALL_FAST_MODEL=router-cheap claude",
		"FLOWGATE_KEY=$(cat .router/secrets/gateway.key) codex -c model_provider=flowgate -c "+
			"'model_providers.flowgate={name=\"FlowGate\",base_url=\""+base+
			"/v1\",env_key=\"FLOWGATE_KEY\",wire_api=\"responses\"}' -m router-default",
	)
}
