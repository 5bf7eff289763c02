package preview_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/preview"
)

// manyDeployments returns the text of a LiteLLM configuration with n deployments.
func manyDeployments(n int) string {
	var b strings.Builder
	b.WriteString("general_settings: {master_key: sk-local-0123456789}\nmodel_list:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - model_name: group-%d\n    litellm_params:\n      model: openrouter/vendor/model-%d\n"+
			"      api_key: os.environ/OPENROUTER_API_KEY\n      rpm: 100\n    model_info:\n      id: d-%d\n", i%100, i, i)
	}
	return b.String()
}

func BenchmarkThousandDeployments(b *testing.B) {
	file := filepath.Join(b.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(manyDeployments(1000)), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := preview.File(file, "", func(string) string { return "k" })
		if err != nil || len(p.Deployments) != 1000 {
			b.Fatal(len(p.Deployments), err)
		}
	}
}
