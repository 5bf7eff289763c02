package dialect

// StatusOfWord returns the HTTP status that a word in an error stands for; 0 when the word is
// unknown. The word is the error's type or code at OpenAI and Anthropic, and its status at
// Google.
func StatusOfWord(word string) int {
	switch word {
	case "invalid_request_error", "invalid_request", "bad_request", "invalid_prompt",
		"context_length_exceeded", "content_policy_violation", "string_above_max_length", "INVALID_ARGUMENT",
		"FAILED_PRECONDITION", "OUT_OF_RANGE":
		return 400
	case "authentication_error", "invalid_api_key", "unauthorized", "UNAUTHENTICATED":
		return 401
	case "billing_error", "payment_required", "insufficient_credits":
		return 402
	case "permission_error", "permission_denied", "forbidden", "PERMISSION_DENIED":
		return 403
	case "not_found_error", "not_found", "model_not_found", "NOT_FOUND":
		return 404
	case "timeout":
		return 408
	case "request_too_large":
		return 413
	case "rate_limit_error", "rate_limit_exceeded", "rate_limited", "too_many_requests", "throttling_error",
		"insufficient_quota", "quota_exceeded", "usage_limit_reached", "RESOURCE_EXHAUSTED":
		return 429
	case "api_error", "server_error", "internal_error", "internal_server_error", "INTERNAL", "UNKNOWN":
		return 500
	case "service_unavailable", "server_is_overloaded", "slow_down", "UNAVAILABLE":
		return 503
	case "timeout_error", "DEADLINE_EXCEEDED":
		return 504
	case "overloaded_error", "overloaded":
		return 529
	}
	return 0
}
