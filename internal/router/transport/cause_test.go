package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/transport"
)

func TestNetworkErrorsAreGivenTheirCause(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for want, list := range map[string][]error{
		"unreachable": {dial(syscall.EHOSTUNREACH), dial(syscall.ENETUNREACH)},
		"timeout":     {dial(context.DeadlineExceeded), &net.OpError{Op: "read", Err: syscall.ETIMEDOUT}},
		"proxy": {&net.OpError{Op: "proxyconnect", Err: dial(syscall.ECONNREFUSED)},
			&net.OpError{Op: "socks connect", Err: io.EOF},
			errors.New(`invalid proxy address "x"`)},
		"reset": {&net.OpError{Op: "read", Err: syscall.ECONNRESET},
			&net.OpError{Op: "write", Err: syscall.EPIPE}, errors.New("http2: client connection lost")},
		"closed": {io.EOF, fmt.Errorf("x: %w", io.ErrUnexpectedEOF),
			errors.New("http: server closed idle connection")},
		"tls":               {&net.OpError{Op: "remote error", Err: tls.AlertError(40)}},
		"certificate":       {&tls.CertificateVerificationError{Err: errors.New("expired")}},
		"connection-failed": {errors.New("something new")},
	} {
		for _, err := range list {
			if got := string(transport.CauseOf(err)); got != want {
				t.Errorf("%v: %s, want %s", err, got, want)
			}
		}
	}
}
