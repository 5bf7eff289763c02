// Package hostname judges host names without a look-up: IsLoopback tells whether one is
// this machine's own.
package hostname

import (
	"net"
	"strings"
)

// IsLoopback reports whether a host name or address, in brackets or without, is this
// machine's own: "localhost" in any case, or a loopback address.
func IsLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}
