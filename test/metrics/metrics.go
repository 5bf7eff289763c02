// Package metrics has the real Prometheus scrape the real router, and a collector double that decodes
// OTLP by the published protocol. Its tests run in the target test:metrics. Its functions are the load and
// the list of families that test/litellm has the real LiteLLM measured by, too: Load, Scrape, Families.
package metrics
