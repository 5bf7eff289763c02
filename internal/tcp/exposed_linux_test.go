package tcp_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp"
)

func TestWhetherAProcessIsExposedIsUnknownWithoutTheProcess(t *testing.T) {
	t.Parallel()
	const unusedPID = 1<<22 + 1 // above every pid that Linux gives out
	if exposed, known := tcp.IsExposed(unusedPID, 1); exposed || known {
		t.Errorf("exposed %v, known %v", exposed, known)
	}
}
