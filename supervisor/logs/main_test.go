package logs_test

import (
	"os"
	"testing"

	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestMain(m *testing.M) {
	supervisortest.PlayRole()
	os.Exit(trusttest.Run(m))
}
