package security

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
)

// ProbeAddresses is what exposure.addresses does with addresses, host:port.
func ProbeAddresses(ctx context.Context, addresses ...string) checks.Outcome {
	p, err := newProber()
	if err != nil {
		return checks.Failed("%v", err)
	}
	for _, address := range addresses {
		p.send(ctx, attempt{Service: "probed", Address: address, Path: "/", What: "connect"}, acceptsNoReply)
	}
	return p.outcome("answer", "close it")
}
