package litellm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheOldToolsExamplesStartWithTheRealLiteLLM has the readiness paths that the examples of the
// Python tool had and may have. LiteLLM answers two of them only with a key, once
// FlowGate has given it a master key.
func TestTheOldToolsExamplesStartWithTheRealLiteLLM(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"the example of February 2026": `    readiness_path: "/health"`,
		"the default, written out":     `    readiness_path: "/v1/models"`,
		"no readiness path":            "",
		"the old name of the key":      `    health_path: "/health/liveliness"`,
		"a path without a key":         `    readiness_path: "/health/readiness"`,
	} {
		t.Run(name, func(t *testing.T) {
			in := install(t)
			file := filepath.Join(in.dir, "config/flowgate.yaml")
			text, err := os.ReadFile(file)
			check(t, err)
			const written = `    readiness_path: "/health/readiness"`
			if !strings.Contains(string(text), written) {
				t.Fatal("the configuration has no readiness_path to replace")
			}
			check(t, os.WriteFile(file, []byte(strings.Replace(string(text), written, line, 1)), 0o600))
			in.run(0, "trust")
			started := in.run(0, "start")
			if s := in.service(started, "litellm"); !s.Live || !s.Ready {
				t.Fatalf("%+v", s)
			}
			in.run(0, "health")
			in.run(0, "stop")
			in.wantPortsFree()
		})
	}
}
