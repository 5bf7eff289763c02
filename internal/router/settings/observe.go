package settings

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// metricsAuthKey is LiteLLM's name for whether GET /metrics needs a key, under litellm_settings.
const metricsAuthKey = "require_auth_for_metrics_endpoint"

// callbackKeys are the lists of litellm_settings that name LiteLLM's callbacks.
var callbackKeys = [...]string{"callbacks", "success_callback", "failure_callback", "service_callback"}

// servedCallbackKeys returns the lists of callbacks that have only those which the router has, too. The
// others cause a warning, as every key without effect does.
func servedCallbackKeys(litellm document.Section) (keys []string) {
	for _, key := range callbackKeys {
		list, _ := litellm.Value(key).([]any)
		isForeign := func(name any) bool { return name != "prometheus" && name != "otel" }
		if len(list) > 0 && !slices.ContainsFunc(list, isForeign) {
			keys = append(keys, key)
		}
	}
	return keys
}

// readObservation reads who may see the router's metrics, and whether it tells them to a collector.
func readObservation(s *Settings, litellm document.Section) {
	s.OpenMetrics = litellm.Has(metricsAuthKey) && !litellm.Flag(metricsAuthKey)
	for _, key := range callbackKeys {
		list, _ := litellm.Value(key).([]any)
		s.Telemetry = s.Telemetry || slices.Contains(list, any("otel"))
	}
	s.Getenv = litellm.File().Getenv
}
