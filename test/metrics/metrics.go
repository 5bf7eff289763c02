// Package metrics has the real Prometheus scrape the real router, and a collector double that decodes
// OTLP by the published protocol. Its tests run in the target test:metrics.
package metrics
