package router_test

// deviation says what the router does otherwise than LiteLLM 1.106.2 did in
// one transcript, and why.
type deviation struct {
	why   string
	facts facts // the router's values, or how they begin; empty: absent
}

// deviations, by transcript. What is not listed here is equal.
var deviations = map[string]deviation{
	"auth-bearer-empty-models": {"a missing or wrong key is 401, in the envelope of the route", facts{
		"error.code": "401",
		"error.message": "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` " +
			"prefix.",
		"error.param":                    "None",
		"error.type":                     "auth_error",
		"header content-security-policy": "frame-ancestors 'none'",
		"header content-type":            "application/json",
		"header vary":                    "Origin",
		"header x-content-type-options":  "nosniff",
		"header x-frame-options":         "DENY",
		"header x-litellm-call-id":       "{{uuid}}",
		"raw":                            "",
		"status":                         "401",
	}},
	"auth-bearer-wrong-chat": {"a missing or wrong key is 401, in the envelope of the route", facts{
		"error.code":               "401",
		"error.message":            "Authentication Error, Invalid api key passed in.",
		"error.param":              "None",
		"error.type":               "auth_error",
		"header x-litellm-call-id": "{{uuid}}",
		"status":                   "401",
	}},
	"auth-missing-chat": {"a missing or wrong key is 401, in the envelope of the route", facts{
		"error.code":                     "401",
		"error.message":                  "Authentication Error, No api key passed in.",
		"error.param":                    "None",
		"error.type":                     "auth_error",
		"header content-security-policy": "frame-ancestors 'none'",
		"header content-type":            "application/json",
		"header vary":                    "Origin",
		"header x-content-type-options":  "nosniff",
		"header x-frame-options":         "DENY",
		"header x-litellm-call-id":       "{{uuid}}",
		"raw":                            "",
		"status":                         "401",
	}},
	"auth-missing-models": {"a missing or wrong key is 401, in the envelope of the route", facts{
		"error.code":                     "401",
		"error.message":                  "Authentication Error, No api key passed in.",
		"error.param":                    "None",
		"error.type":                     "auth_error",
		"header content-security-policy": "frame-ancestors 'none'",
		"header content-type":            "application/json",
		"header vary":                    "Origin",
		"header x-content-type-options":  "nosniff",
		"header x-frame-options":         "DENY",
		"header x-litellm-call-id":       "{{uuid}}",
		"raw":                            "",
		"status":                         "401",
	}},
	"auth-x-api-key-right-messages": {"a missing or wrong key is 401, in the envelope of the route", facts{
		"calls":                      "/v1/messages up-model",
		"upstream anthropic-version": "2023-06-01",
	}},
	"chat-by-upstream-name": {"LiteLLM finds no key for this name; the router uses the deployments that have it", facts{
		"calls":                                "/v1/chat/completions up-model",
		"chat text":                            "hello from upstream",
		"error.code":                           "",
		"error.message":                        "",
		"error.type":                           "",
		"finish":                               "stop",
		"header x-litellm-attempted-fallbacks": "0",
		"header x-litellm-attempted-retries":   "0",
		"header x-litellm-model-name":          "openai/up-model",
		"model":                                "openai/up-model",
		"object":                               "chat.completion",
		"status":                               "200",
		"tokens in":                            "3",
		"tokens out":                           "5",
		"unknown field":                        "kept?",
		"upstream authorization":               "Bearer k-up",
	}},
	"chat-client-api-base": {"refused in words; LiteLLM trips over its own refusal", facts{
		"error.code":                     "400",
		"error.message":                  "api_base is not allowed in requests: deployments have their own",
		"error.param":                    "api_base",
		"error.type":                     "invalid_request_error",
		"header content-security-policy": "frame-ancestors 'none'",
		"header content-type":            "application/json",
		"header vary":                    "Origin",
		"header x-content-type-options":  "nosniff",
		"header x-frame-options":         "DENY",
		"header x-litellm-call-id":       "{{uuid}}",
		"raw":                            "",
		"status":                         "400",
	}},
	"cooldown-pair-429-messages": {"the message names no deployments, least of all those of other groups", facts{
		"error.message": "No deployments available for selected model, Try again in 70 seconds. All deployments for " +
			"selected model are in cooldown. Passed model=all-429-ra70. p",
	}},
	"cooldown-pair-429-third": {"the message names no deployments, least of all those of other groups", facts{
		"error.message": "No deployments available for selected model, Try again in 7 seconds. All deployments for selected " +
			"model are in cooldown. Passed model=all-429-ra7. pre",
	}},
	"cooldown-router-allowed-fails-1-third": {"the message names no deployments, least of all those of other groups",
		facts{
			"error.message": "No deployments available for selected model, Try again in 12 seconds. All deployments for " +
				"selected model are in cooldown. Passed model=one-500. pre-ca",
		}},
	"cooldown-single-401-second": {"the message names no deployments, least of all those of other groups", facts{
		"error.message": "No deployments available for selected model, Try again in 5 seconds. All deployments for selected " +
			"model are in cooldown. Passed model=one-401. pre-cal",
	}},
	"count-tokens-anthropic": {"no beta header is added; every reply says who answered", facts{
		"header x-litellm-attempted-fallbacks": "0",
		"header x-litellm-attempted-retries":   "0",
		"header x-litellm-call-id":             "{{uuid}}",
		"header x-litellm-model-name":          "anthropic/up-model",
		"upstream anthropic-beta":              "",
	}},
	"count-tokens-openai": {"the upstream is asked at /v1/messages/count_tokens, which CLIProxyAPI has", facts{
		"calls":                                "/v1/messages/count_tokens up-model",
		"count":                                "42",
		"count source":                         "provider",
		"header x-litellm-attempted-fallbacks": "0",
		"header x-litellm-attempted-retries":   "0",
		"header x-litellm-call-id":             "{{uuid}}",
		"header x-litellm-model-name":          "openai/up-model",
		"upstream anthropic-version":           "2023-06-01",
	}},
	"embeddings": {"the reply passes as it came", facts{
		"tokens out": "",
	}},
	"err-chat-invalid-json": {"every reply has a call id", facts{
		"header x-litellm-call-id": "{{uuid}}",
	}},
	"err-chat-json-array": {"an envelope instead of a bare 500", facts{
		"error.code":                     "400",
		"error.message":                  "Invalid JSON payload: expected a JSON object: line 1 column 1 (char 0)",
		"error.param":                    "request_body",
		"error.type":                     "invalid_request_error",
		"header content-security-policy": "frame-ancestors 'none'",
		"header content-type":            "application/json",
		"header vary":                    "Origin",
		"header x-content-type-options":  "nosniff",
		"header x-frame-options":         "DENY",
		"header x-litellm-call-id":       "{{uuid}}",
		"raw":                            "",
		"status":                         "400",
	}},
	"err-chat-messages-string": {"said in words", facts{
		"error.message": "Invalid request format: 'messages' must be a list",
	}},
	"err-messages-invalid-json": {"every reply has a call id", facts{
		"header x-litellm-call-id": "{{uuid}}",
	}},
	"chat-params": {"names and versions of Anthropic's interface pass to every upstream", facts{
		"upstream anthropic-beta":    "b-1",
		"upstream anthropic-version": "2023-06-01",
	}},
	"responses": {"names and versions of Anthropic's interface pass to every upstream", facts{
		"upstream anthropic-beta":    "b-1",
		"upstream anthropic-version": "2023-06-01",
	}},
	"fallback-context-window": {"the model is what the client asked for, after a fallback too; x-litellm-model-group " +
		"says who answered", facts{
		"model": "fb-400-ctx",
	}},
	"fallback-fb-400": {"the model is what the client asked for, after a fallback too; x-litellm-model-group says who " +
		"answered", facts{
		"model": "fb-400",
	}},
	"fallback-messages-529": {"the model is what the client asked for, after a fallback too; x-litellm-model-group says " +
		"who answered", facts{
		"model": "a-fb",
	}},
	"fallback-messages-alldead": {"/v1/messages goes to /messages, not through a translation to /responses", facts{
		"calls": "/v1/messages fail-500-ad, /v1/messages fail-503-fb, /v1/messages fail-429-fc",
		"error.message": "litellm.InternalServerError: InternalServerError: OpenAIException - " +
			"{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"upstream says 500\"}}\n\nLiteL",
		"upstream anthropic-version": "2023-06-01",
	}},
	"fallback-mock-testing-allowed": {"the model is what the client asked for, after a fallback too; " +
		"x-litellm-model-group says who answered", facts{
		"model": "b",
	}},
	"fallback-nest1": {"the model is what the client asked for, after a fallback too; x-litellm-model-group says who " +
		"answered", facts{
		"model": "nest1",
	}},
	"fallback-nofb": {"the message names no other groups", facts{
		"error.message": "litellm.InternalServerError: InternalServerError: OpenAIException - upstream says 500\n\nLiteLLM: " +
			"model group 'nofb' failed with the error above. No fal",
	}},
	"fallback-ordered": {"the model is what the client asked for, after a fallback too; x-litellm-model-group says who " +
		"answered", facts{
		"model": "ordered",
	}},
	"fallback-router-beats-litellm": {"the model is what the client asked for, after a fallback too; " +
		"x-litellm-model-group says who answered", facts{
		"model": "fb-500",
	}},
	"fallback-stream-cut": {"nothing that the upstream sent is lost, LiteLLM lost a piece; the message says the cause",
		facts{
			"event error.message": "litellm.APIConnectionError: APIConnectionError: OpenAIException - Response payload is not " +
				"completed. The upstream closed the connection",
			"text": "w0 w1 w2 ",
		}},
	"fallback-stream-cut0": {"the model is what the client asked for, after a fallback too; x-litellm-model-group says " +
		"who answered", facts{
		"models": "s-cut0",
	}},
	"health-key-one": {"/health, which calls every deployment for money, is not served", facts{
		"calls":                  "",
		"detail":                 "Not Found",
		"status":                 "404",
		"upstream authorization": "",
	}},
	"health-nokey": {"/health, which calls every deployment for money, is not served", facts{
		"detail":                         "Not Found",
		"header content-security-policy": "frame-ancestors 'none'",
		"header content-type":            "application/json",
		"header vary":                    "Origin",
		"header x-content-type-options":  "nosniff",
		"header x-frame-options":         "DENY",
		"raw":                            "",
		"status":                         "404",
	}},
	"messages-nov1": {"an unknown path is named, with the nearest route", facts{
		"detail": "Not Found: the router has no POST /messages; the nearest route is POST /v1/messages",
	}},
	"path-unknown": {"an unknown path is named", facts{
		"detail": "Not Found: the router has no GET /nope",
	}},
	"messages-openai": {"/v1/messages goes to /messages, not through a translation to /responses", facts{
		"calls":                      "/v1/messages up-model",
		"upstream anthropic-beta":    "b-1",
		"upstream anthropic-version": "2023-06-01",
	}},
	"messages-openai-stream": {"/v1/messages goes to /messages, not through a translation to /responses", facts{
		"calls": "/v1/messages up-model",
		"events": "message_start content_block_start ping content_block_delta content_block_delta " +
			"content_block_delta content_block_delta content_block_delta content_blo",
		"upstream anthropic-version": "2023-06-01",
	}},
	"responses-stream": {"events pass as they came: no model is added to each, no [DONE]", facts{
		"done":   "",
		"models": "",
	}},
	"retry-embeddings-500": {"an embedding is tried as often as anything else, not three times as often", facts{
		"calls": "/v1/embeddings fail-500, /v1/embeddings fail-500, /v1/embeddings fail-500",
		"error.message": "litellm.InternalServerError: InternalServerError: OpenAIException - upstream says 500\n\nLiteLLM: " +
			"model group 'fail-500' failed with the error above. No",
	}},
	"retry-messages-stream-cut0": {"before the first event a broken stream has a status, not 200", facts{
		"calls": "/v1/messages cut0, /v1/messages cut0, /v1/messages cut0",
		"error.message": "litellm.APIConnectionError: APIConnectionError: OpenAIException - Response " +
			"payload is not completed. The upstream closed the connection",
		"error.type":                           "api_error",
		"event error.message":                  "",
		"event error.type":                     "",
		"events":                               "",
		"header cache-control":                 "",
		"header content-type":                  "application/json",
		"header x-accel-buffering":             "",
		"header x-litellm-attempted-fallbacks": "",
		"header x-litellm-attempted-retries":   "",
		"header x-litellm-max-retries":         "",
		"header x-litellm-model-name":          "",
		"models":                               "",
		"status":                               "500",
		"type":                                 "error",
		"upstream anthropic-version":           "2023-06-01",
	}},
	"up-chat-400-ctx": {"the message has no advice about LiteLLM's settings", facts{
		"error.message": "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: " +
			"OpenAIException - This model's maximum context length is 10 t",
	}},
	"up-chat-down": {"the message says the cause and what to do", facts{
		"error.message": "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error. The " +
			"connection was refused: start the upstream",
	}},
	"up-chat-html": {"an invalid reply is 502", facts{
		"error.code": "502",
		"error.message": "litellm.BadGatewayError: BadGatewayError: OpenAIException - Empty or invalid response from LLM " +
			"endpoint. Received: '<html><body>not json</body></html>",
		"status": "502",
	}},
	"up-chat-stream-cut": {"the message says the cause", facts{
		"event error.message": "litellm.APIConnectionError: APIConnectionError: OpenAIException - Response payload is not " +
			"completed. The upstream closed the connection",
	}},
	"up-chat-stream-cut0": {"broken before the first event counts as a failed attempt like others", facts{
		"error.message": "litellm.APIConnectionError: APIConnectionError: OpenAIException - Response " +
			"payload is not completed. The upstream closed the connection",
		"header x-litellm-attempted-fallbacks": "",
		"header x-litellm-attempted-retries":   "",
		"header x-litellm-model-name":          "",
	}},
	"up-chat-stream-errstream": {"the upstream's error event passes as it came", facts{
		"event error.code":    "503",
		"event error.message": "upstream overloaded",
		"event error.type":    "server_error",
	}},
	"up-chat-stream-html": {"an HTML page is 502, not an empty stream that succeeded", facts{
		"done":       "",
		"error.code": "502",
		"error.message": "litellm.BadGatewayError: BadGatewayError: OpenAIException - Empty or " +
			"invalid response from LLM endpoint. Received: '<html><body>not json</body></html>",
		"error.type":                           "internal_server_error",
		"header cache-control":                 "",
		"header content-type":                  "application/json",
		"header x-accel-buffering":             "",
		"header x-litellm-attempted-fallbacks": "",
		"header x-litellm-attempted-retries":   "",
		"header x-litellm-model-name":          "",
		"models":                               "",
		"status":                               "502",
	}},
	"up-embeddings-500": {"an embedding is tried as often as anything else, not three times as often", facts{
		"calls": "/v1/embeddings fail-500",
		"error.message": "litellm.InternalServerError: InternalServerError: OpenAIException - upstream says 500\n\nLiteLLM: " +
			"model group 'fail-500' failed with the error above. No",
	}},
	"up-messages-anthropic-stream-cut": {"the message says which exception it was, as on the other routes", facts{
		"event error.message": "litellm.APIConnectionError: APIConnectionError: AnthropicException - Response payload is " +
			"not completed",
	}},
	"up-messages-openai-500": {"/v1/messages goes to /messages, not through a translation to /responses", facts{
		"calls": "/v1/messages fail-500",
		"error.message": "litellm.InternalServerError: InternalServerError: OpenAIException - " +
			"{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"upstream says 500\"}}\n\nLiteL",
		"upstream anthropic-version": "2023-06-01",
	}},
	"up-messages-openai-html": {"an HTML page is 502, not 200", facts{
		"calls": "/v1/messages html",
		"error.message": "litellm.BadGatewayError: BadGatewayError: OpenAIException - Empty or invalid " +
			"response from LLM endpoint. Received: '<html><body>not json</body></html>",
		"status":                     "502",
		"upstream anthropic-version": "2023-06-01",
	}},
	"up-messages-openai-stream-cut0": {"before the first event a broken stream has a status, not 200", facts{
		"calls": "/v1/messages cut0",
		"error.message": "litellm.APIConnectionError: APIConnectionError: OpenAIException - Response " +
			"payload is not completed. The upstream closed the connection",
		"error.type":                           "api_error",
		"event error.message":                  "",
		"event error.type":                     "",
		"events":                               "",
		"header cache-control":                 "",
		"header content-type":                  "application/json",
		"header x-accel-buffering":             "",
		"header x-litellm-attempted-fallbacks": "",
		"header x-litellm-attempted-retries":   "",
		"header x-litellm-model-name":          "",
		"models":                               "",
		"status":                               "500",
		"type":                                 "error",
		"upstream anthropic-version":           "2023-06-01",
	}},
}
