// Package client holds the tests that run the official Go clients, openai-go
// and anthropic-sdk-go, against the router: one table of conversations, run
// against the echo upstream alone, against the embedded router in front of it,
// and against the real LiteLLM in front of it. What passes against all three
// answers alike. The package has no code of its own.
package client
