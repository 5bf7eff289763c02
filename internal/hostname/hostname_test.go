package hostname_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/hostname"
)

func TestOnlyNamesAndAddressesOfThisMachineAreLoopback(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "::ffff:127.0.0.1"} {
		if !hostname.IsLoopback(host) {
			t.Errorf("%q is not loopback", host)
		}
	}
	for _, host := range []string{
		"", "localhost.example", "127.0.0.1.example", "0.0.0.0", "::", "128.0.0.1", "::ffff:10.0.0.1", "127.1",
	} {
		if hostname.IsLoopback(host) {
			t.Errorf("%q is loopback", host)
		}
	}
}
