package settings

import "github.com/flowgate-go/flowgate/internal/router/settings/document"

// RetryPolicy says how many times a request is retried, by LiteLLM's exception class of
// its first failure. The class "" stands for all classes that are not named.
type RetryPolicy map[string]int

// retryClasses are the exception classes by the keys of LiteLLM's retry_policy.
var retryClasses = map[string]string{
	"BadRequestErrorRetries": "BadRequestError", "AuthenticationErrorRetries": "AuthenticationError",
	"TimeoutErrorRetries": "Timeout", "RateLimitErrorRetries": "RateLimitError",
	"ContentPolicyViolationErrorRetries": "ContentPolicyViolationError",
	"InternalServerErrorRetries":         "InternalServerError",
	"ServiceUnavailableErrorRetries":     "ServiceUnavailableError", "NotFoundErrorRetries": "NotFoundError",
	"DefaultRetries": "",
}

// Retries returns the number for a class. ok is false when the policy names neither the
// class, nor the class that LiteLLM derives it from, nor a default.
func (p RetryPolicy) Retries(class string) (count int, ok bool) {
	if count, ok = p[class]; ok {
		return count, true
	}
	if class == "ContextWindowExceededError" || class == "ContentPolicyViolationError" { // subclasses of it
		if count, ok = p["BadRequestError"]; ok {
			return count, true
		}
	}
	count, ok = p[""]
	return count, ok
}

// RetryPolicyOf returns the policy of a group: its own, or the general one. It is empty
// when there is neither.
func (s *Settings) RetryPolicyOf(group string) RetryPolicy {
	if policy, ok := s.groupRetryPolicies[group]; ok {
		return policy
	}
	return s.retryPolicy
}

// readRetryPolicies reads retry_policy and model_group_retry_policy.
func readRetryPolicies(s *Settings, router document.Section) {
	s.retryPolicy = readRetryPolicy(router.Sub("retry_policy"))
	groups := router.Sub("model_group_retry_policy")
	s.groupRetryPolicies = map[string]RetryPolicy{}
	for _, group := range groups.Keys() {
		s.groupRetryPolicies[group] = readRetryPolicy(groups.Sub(group))
	}
}

// readRetryPolicy reads one policy.
func readRetryPolicy(section document.Section) RetryPolicy {
	policy := RetryPolicy{}
	for _, key := range section.Keys() {
		class, isKnown := retryClasses[key]
		if !isKnown {
			section.Warn("setting-without-effect", key, "%s has no effect in the embedded router", key)
			continue
		}
		if count := section.Count(key); count != nil {
			policy[class] = *count
		}
	}
	return policy
}
