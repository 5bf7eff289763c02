package routing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// maxEdits is the most letters by which a misspelt key differs from the one meant.
const maxEdits = 2

// knownKeys are keys of LiteLLM 1.106's configuration that people write, by
// section (https://docs.litellm.ai/docs/proxy/config_settings). It need not be
// complete: only what is nearly one of them is taken for a slip.
func knownKeys() map[string][]string {
	shared := "num_retries allowed_fails cooldown_time fallbacks default_fallbacks context_window_fallbacks content_policy_fallbacks set_verbose cache "
	return map[string][]string{
		"":                 strings.Fields("model_list litellm_settings router_settings general_settings environment_variables include credential_list guardrails mcp_servers vector_store_registry callback_settings files_settings finetune_settings"),
		"litellm_settings": strings.Fields(shared + "request_timeout drop_params modify_params json_logs cache_params callbacks callback success_callback failure_callback service_callback service_callbacks turn_off_message_logging redact_user_api_key_info telemetry ssl_verify ssl_certificate forward_traceparent_to_llm_provider default_team_settings force_ipv4 max_budget budget_duration public_routes disable_cooldowns return_response_headers model_group_settings model_alias_map num_retries_per_request enable_json_schema_validation"),
		"router_settings":  strings.Fields(shared + "routing_strategy routing_strategy_args timeout stream_timeout retry_after retry_policy allowed_fails_policy model_group_alias model_group_retry_policy enable_pre_call_checks enable_tag_filtering disable_cooldowns redis_host redis_port redis_password redis_url default_litellm_params default_max_parallel_requests debug_level cache_responses caching_groups client_ttl max_fallbacks tag_filtering polling_interval cache_kwargs provider_budget_config assistants_config search_tools guardrail_list redis_db redis_ssl default_priority tag_filtering_match_any tag_routing_prefix plugins optional_pre_call_checks routing_groups alerting_config router_general_settings deployment_affinity_ttl_seconds model_group_affinity_config ignore_invalid_deployments enable_health_check_routing health_check_staleness_threshold health_check_ignore_transient_errors background_health_check_model_groups enable_weighted_failover fallback_access_check fallback_budget_check"),
		"general_settings": strings.Fields("master_key database_url database_connection_pool_limit store_model_in_db allowed_ips alerting alerting_threshold background_health_checks health_check_interval disable_spend_logs disable_master_key_return enable_jwt_auth infer_model_from_keys max_parallel_requests global_max_parallel_requests pass_through_endpoints custom_auth proxy_batch_write_at ui_access_mode completion_model key_management_system key_management_settings forward_openai_org_id use_client_credentials_pass_through_routes allow_requests_on_db_unavailability dangerously_permit_weak_or_unset_master_key dangerously_allow_mock_testing_request_params enable_drain_endpoint public_routes block_robots forward_client_headers_to_llm_api flowgate_forward_client_identity flowgate_cliproxyapi_addresses flowgate_allowed_hosts"),
		"litellm_params":   strings.Fields("model api_base base_url api_key api_key_ref api_version timeout stream_timeout rpm tpm weight order num_retries max_retries max_tokens temperature top_p top_k seed organization mock_response tags cooldown_time extra_headers extra_body headers custom_llm_provider region_name vertex_project vertex_location vertex_credentials aws_access_key_id aws_secret_access_key aws_region_name use_in_pass_through max_parallel_requests input_cost_per_token output_cost_per_token drop_params additional_drop_params litellm_credential_name reasoning_effort thinking use_litellm_proxy merge_reasoning_content_in_choices max_budget budget_duration azure_ad_token tenant_id client_id client_secret azure_scope azure_username azure_password aws_session_token aws_session_name aws_profile_name aws_role_name itpm otpm tag_regex model_info s3_bucket_name s3_region_name s3_access_key_id top_a min_p stop stream user tools tool_choice response_format frequency_penalty presence_penalty logprobs top_logprobs keep_alive num_ctx verbosity service_tier flowgate_forward_client_identity flowgate_cliproxyapi"),
		"model_list entry": strings.Fields("model_name litellm_params model_info"),
	}
}

// settingKinds are the types of settings that LiteLLM accepts wrong in silence.
func settingKinds() map[string]string {
	return map[string]string{
		"num_retries": "a whole number", "allowed_fails": "a whole number", "max_fallbacks": "a whole number",
		"cooldown_time": "a number of seconds", "request_timeout": "a number of seconds", "timeout": "a number of seconds",
		"stream_timeout": "a number of seconds", "retry_after": "a number of seconds",
		"fallbacks": "a list", "default_fallbacks": "a list", "context_window_fallbacks": "a list", "content_policy_fallbacks": "a list",
		"drop_params": "true or false", "disable_cooldowns": "true or false", "enable_pre_call_checks": "true or false",
	}
}

func settingsKnown(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "settings.known", Title: "The router's settings are spelt and typed as LiteLLM reads them", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			odd := findOddSettings(settings)
			if len(odd) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("%s", strings.Join(odd, "; ")).WithFix("", "correct the keys named")
		},
	}
}

func findOddSettings(settings map[string]any) []string {
	known := knownKeys()
	odd := findOddKeys("", settings, known[""])
	for _, name := range [...]string{"litellm_settings", "router_settings", "general_settings"} {
		odd = append(odd, findOddKeys(name, subject.Section(settings, name), known[name])...)
	}
	list, _ := settings["model_list"].([]any)
	for i, item := range list {
		entry, _ := item.(map[string]any)
		path := fmt.Sprintf("model_list[%d]", i)
		odd = append(odd, findOddKeys(path, entry, known["model_list entry"])...)
		odd = append(odd, findOddKeys(path+".litellm_params", subject.Section(entry, "litellm_params"), known["litellm_params"])...)
	}
	return odd
}

// findOddKeys are the slips and wrong types in one section.
func findOddKeys(path string, values map[string]any, known []string) []string {
	var odd []string
	kinds := settingKinds()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		if meant := findMisspelt(key, known); meant != "" {
			odd = append(odd, at+" is probably meant to be "+meant)
		} else if want := kinds[key]; want != "" && !hasKind(values[key], want) {
			odd = append(odd, fmt.Sprintf("%s is %v, not %s", at, describeValue(values[key]), want))
		}
	}
	return odd
}

// findMisspelt is the known key that key nearly is, "" when it is one or none.
func findMisspelt(key string, known []string) string {
	if slices.Contains(known, key) || len(key) <= 2*maxEdits {
		return ""
	}
	for _, k := range known {
		if levenshtein.ComputeDistance(strings.ToLower(key), k) <= maxEdits {
			return k
		}
	}
	return ""
}

// longestShown is the length in bytes up to which a misplaced text is shown: a
// longer one may be a key that slipped a line.
const longestShown = 12

// describeValue is a wrong value as it may be shown.
func describeValue(value any) string {
	switch value := value.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case string:
		if len(value) > longestShown {
			return "a text"
		}
	}
	return fmt.Sprint(value)
}

// hasKind reports whether value has the kind; a reference may resolve to anything.
func hasKind(value any, kind string) bool {
	if text, ok := value.(string); ok && strings.HasPrefix(text, "os.environ/") || value == nil {
		return true
	}
	_, whole := value.(int)
	switch kind {
	case "a whole number":
		return whole
	case "a number of seconds":
		_, part := value.(float64)
		return whole || part
	case "a list":
		_, ok := value.([]any)
		return ok
	}
	_, ok := value.(bool)
	return ok
}
