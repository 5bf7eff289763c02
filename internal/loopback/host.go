package loopback

import (
	"net"
	"strings"
)

// IsHost reports whether a host name or address, in brackets or without, is this
// machine's own: "localhost" or a loopback address.
func IsHost(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
