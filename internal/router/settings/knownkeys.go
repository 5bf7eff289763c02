package settings

import "slices"

// knownParams returns the keys of litellm_params that are read, or that are ignored
// without a warning.
func knownParams() []string {
	return slices.Concat([]string{"model", "api_base", "base_url", "api_key", "api_version", "azure_ad_token",
		"litellm_credential_name", "organization", "extra_headers", "custom_llm_provider", "timeout", "stream_timeout",
		"ttft_timeout", "keepalive_seconds", "num_retries", "cooldown_time", "weight", "rpm", "tpm", "order",
		"mock_response", "drop_params",
		"additional_drop_params", "flowgate_forward_client_identity", "flowgate_cliproxyapi"},
		awsKeys, vertexKeys, paramNames(), harmlessParamKeys())
}

// The harmless keys of LiteLLM's sections change neither where a request goes nor what is
// in it or in its reply: they are about logs, the database, the dashboard, and prices, two of
// which cost-based-routing reads. They cause no warning.

// harmlessGeneralKeys returns the harmless keys of general_settings.
func harmlessGeneralKeys() []string {
	return []string{"alert_to_webhook_url", "alert_types", "alerting", "alerting_args", "alerting_threshold",
		"background_health_checks", "database_connection_pool_limit", "database_connection_timeout",
		"disable_error_logs", "disable_spend_logs", "disable_spend_updates", "enable_health_check_routing",
		"health_check_concurrency", "health_check_details", "health_check_interval",
		"maximum_spend_logs_retention_interval",
		"maximum_spend_logs_retention_period", "proxy_batch_write_at", "proxy_budget_rescheduler_max_time",
		"proxy_budget_rescheduler_min_time", "store_model_in_db", "store_prompts_in_spend_logs", "ui_access_mode"}
}

// harmlessLiteLLMKeys returns the harmless keys of litellm_settings.
func harmlessLiteLLMKeys() []string {
	return []string{"cost_discount_config", "cost_margin_config", "detailed_debug", "json_logs",
		"log_raw_request_response", "redact_user_api_key_info", "set_verbose", "suppress_debug_info", "telemetry",
		"turn_off_message_logging"}
}

// harmlessRouterKeys returns the harmless keys of router_settings.
func harmlessRouterKeys() []string {
	return []string{"debug_level", "set_verbose"}
}

// harmlessParamKeys returns the harmless keys of litellm_params.
func harmlessParamKeys() []string {
	return []string{"cache_creation_input_token_cost", "cache_read_input_token_cost", "input_cost_per_character",
		"input_cost_per_second", "input_cost_per_token", "output_cost_per_character", "output_cost_per_second",
		"output_cost_per_token", "tags"}
}
