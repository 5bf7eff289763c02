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

// flowgateYAML returns the text of flowgate.yaml. deployment and fallback are additional
// list entries, whole lines; Init adds none.
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

// nextCommands returns the commands to run after init, in their order.
func (o Options) nextCommands() []string {
	var lines []string
	if o.Runtime == config.RuntimeLiteLLM {
		lines = append(lines, program.Command("bootstrap litellm"))
	}
	if o.Upstream == config.RuntimeCLIProxyAPI {
		lines = append(lines, program.Command("bootstrap cliproxyapi"), program.Command("start"),
			program.Command("auth login codex"))
	} else {
		lines = append(lines, program.Command("start"))
	}
	group, fast := "router-default", "router-cheap"
	if o.Source != nil {
		group, fast = o.Source.Default, o.Source.Fast
	}
	return append(lines, o.claudeCommand(group, fast), o.codexCommand(group))
}

// claudeCommand returns the command that starts Claude Code with the router, from any folder.
func (o Options) claudeCommand(group, fast string) string {
	line := fmt.Sprintf("ANTHROPIC_BASE_URL=http://127.0.0.1:%d ANTHROPIC_AUTH_TOKEN=$(cat %s) ", o.RouterPort,
		program.Quote(o.keyPath()))
	if group != "" {
		line += "ANTHROPIC_MODEL=" + program.Quote(group) + " "
	}
	if fast != "" {
		line += "ANTHROPIC_DEFAULT_HAIKU_MODEL=" + program.Quote(fast) + " "
	}
	return line + "claude"
}

// codexCommand returns the command that starts Codex with the router, from any folder.
func (o Options) codexCommand(group string) string {
	line := fmt.Sprintf("FLOWGATE_KEY=$(cat %s) codex -c model_provider=flowgate -c 'model_providers.flowgate={"+
		"name=\"FlowGate\",base_url=\"http://127.0.0.1:%d/v1\",env_key=\"FLOWGATE_KEY\",wire_api=\"responses\"}'",
		program.Quote(o.keyPath()), o.RouterPort)
	if group != "" {
		line += " -m " + program.Quote(group)
	}
	return line
}

// keyPath returns the path of the gateway key.
func (o Options) keyPath() string { return filepath.Join(o.Dir, ".router", "secrets", "gateway.key") }
