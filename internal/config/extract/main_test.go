package extract_test

import (
	"os"
	"testing"

	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

func TestMain(m *testing.M) { os.Exit(trusttest.Run(m)) }
