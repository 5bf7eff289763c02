package metric

// Labels of several families, in LiteLLM's order. What FlowGate does not have, such as teams, is None,
// as in LiteLLM.
const (
	orgLabels   = " org_id org_alias"
	tokenLabels = "end_user hashed_api_key api_key_alias model team team_alias user user_email requested_model model_id " +
		"api_provider"
	requestLabels = "end_user hashed_api_key api_key_alias model team team_alias user user_email client_ip " +
		"user_agent requested_model model_id api_provider"
	latencyLabels = "model_group model hashed_api_key api_key_alias team team_alias requested_model end_user user " +
		"model_id api_provider service_tier"
	cacheLabels      = "model hashed_api_key api_key_alias team team_alias end_user user model_id api_provider"
	overheadLabels   = "model_group api_provider api_base litellm_model_name hashed_api_key api_key_alias model_id"
	deploymentLabels = "litellm_model_name model_id api_base api_provider"
	limitLabels      = "model_group litellm_model_name model_id api_base api_provider"
	attemptLabels    = "model_group requested_model litellm_model_name model_id api_base api_provider hashed_api_key " +
		"api_key_alias team team_alias client_ip user_agent"
	fallbackLabels = "requested_model fallback_model hashed_api_key api_key_alias team team_alias exception_status " +
		"exception_class model_id"
	keyLabels      = "hashed_api_key api_key_alias"
	keyModelLabels = "hashed_api_key api_key_alias model model_id"
	keyLimitLabels = "hashed_api_key api_key_alias rate_limit_type"
)

// counter is a family that is made from rows.
type counter struct {
	name, labels, help string
	value              func(*row) float64 // 0: the row has no part in the family
}

// counters are the families of counters that are made from rows.
var counters = [...]counter{
	{"litellm_proxy_total_requests_metric_total", "end_user hashed_api_key api_key_alias requested_model team " +
		"team_alias user status_code user_email route client_ip user_agent model_id api_provider" + orgLabels,
		"Requests of clients", func(w *row) float64 { return float64(w.requests) }},
	{"litellm_proxy_failed_requests_metric_total", "end_user hashed_api_key api_key_alias requested_model team " +
		"team_alias user user_email exception_status exception_class route client_ip user_agent model_id api_provider" +
		orgLabels,
		"Requests whose clients got no whole good reply", func(w *row) float64 { return float64(w.failures) }},
	{"litellm_requests_metric_total", requestLabels + orgLabels, "Requests of clients, under LiteLLM's older name",
		func(w *row) float64 { return float64(w.requests - w.failures) }},
	{"litellm_llm_api_failed_requests_metric_total", "end_user hashed_api_key api_key_alias model team team_alias user " +
		"model_id",
		"Failed requests, under LiteLLM's older name", func(w *row) float64 { return float64(w.failures) }},
	{"litellm_spend_metric_total", requestLabels + " service_tier" + orgLabels, "Dollars",
		func(w *row) float64 { return w.spend }},
	{"litellm_total_tokens_metric_total", tokenLabels + orgLabels, "Tokens of requests and replies", totalTokens},
	{"litellm_total_tokens_total", tokenLabels, "The same, under the name in LiteLLM's first dashboard", totalTokens},
	{"litellm_input_tokens_metric_total", tokenLabels + orgLabels, "Tokens of requests, with the cached ones",
		func(w *row) float64 { return float64(w.input) }},
	{"litellm_output_tokens_metric_total", tokenLabels + orgLabels, "Tokens of replies, with reasoning",
		func(w *row) float64 { return float64(w.output) }},
	{"litellm_input_cached_tokens_metric_total", tokenLabels, "Tokens that a provider read from its cache", cachedTokens},
	{"litellm_input_cache_creation_tokens_metric_total", tokenLabels, "Tokens that a provider wrote to its cache",
		writtenTokens},
	{"litellm_provider_cache_read_input_tokens_metric_total", cacheLabels, "Tokens that a provider read from its cache",
		cachedTokens},
	{"litellm_provider_cache_creation_input_tokens_metric_total", cacheLabels, "Tokens that a provider wrote to its cache",
		writtenTokens},
	{"litellm_output_reasoning_tokens_metric_total", tokenLabels, "Tokens of reasoning",
		func(w *row) float64 { return float64(w.reasoning) }},
	{"litellm_zero_cost_requests_total", "requested_model model model_id api_provider reason",
		"Requests with usage whose price is not known", func(w *row) float64 { return float64(w.unpriced) }},
	{"litellm_self_total_requests_total", "self", "Requests of clients, as LiteLLM's service callback counts them",
		func(w *row) float64 { return float64(w.requests) }},
	{"litellm_self_failed_requests_total", "self error_class function_name", "Failed requests, as above",
		func(w *row) float64 { return float64(w.failures) }},
}

func totalTokens(w *row) float64   { return float64(w.input + w.output) }
func cachedTokens(w *row) float64  { return float64(w.cached) }
func writtenTokens(w *row) float64 { return float64(w.cacheWrite) }

// histogramFamily is a family of histograms that is made from rows.
type histogramFamily struct {
	name, labels, help string
	of                 func(*row) *histogram
}

// histograms are the families of histograms. All are in seconds.
var histograms = [...]histogramFamily{
	{"litellm_request_total_latency_metric", "model_group end_user hashed_api_key api_key_alias requested_model team " +
		"team_alias user model model_id api_provider service_tier" + orgLabels,
		"From the arrival of a request to the end of its reply",
		func(w *row) *histogram { return &w.total }},
	{"litellm_llm_api_latency_metric", latencyLabels + orgLabels,
		"From the beginning of the last attempt to the end of its reply",
		func(w *row) *histogram { return &w.api }},
	{"litellm_llm_api_time_to_first_token_metric", latencyLabels + orgLabels, "The same to the first content of a stream",
		func(w *row) *histogram { return &w.firstToken }},
	{"litellm_overhead_latency_metric", overheadLabels, "What the router added to a request of one attempt",
		func(w *row) *histogram { return &w.overhead }},
	{"litellm_overhead_with_guardrails_latency_metric", overheadLabels, "The same; the router has no guardrails",
		func(w *row) *histogram { return &w.overhead }},
	{"litellm_request_queue_time_seconds", "end_user hashed_api_key api_key_alias requested_model team team_alias user " +
		"model model_id api_provider" + orgLabels, "From the arrival of a request to its only attempt",
		func(w *row) *histogram { return &w.queue }},
	{"litellm_deployment_latency_per_output_token", "model_group litellm_model_name model_id api_base api_provider " +
		"hashed_api_key api_key_alias team team_alias" + orgLabels, "Seconds for a token of the reply",
		func(w *row) *histogram { return &w.perToken }},
	{"litellm_self_latency", "self", "As litellm_request_total_latency_metric, for LiteLLM's service dashboards",
		func(w *row) *histogram { return &w.total }},
}
