package deploy_test

import (
	"os"
	"testing"

	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "flowgate-deploy-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // a container's user has to get through
		panic(err)
	}
	shared = dir
	code := trusttest.Run(m)
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
