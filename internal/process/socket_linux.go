package process

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"strconv"
	"strings"
)

// listenState is TCP_LISTEN as /proc/net/tcp writes it (proc_net(5)).
const listenState = "0A"

// bound is the address that a socket is bound to.
type bound net.IP

func (b bound) unspecified() bool { return net.IP(b).IsUnspecified() }

// matches reports whether a connection to host reaches a socket bound to b. An
// empty or unspecified host means every address; a name is looked at only for
// "localhost", everything else being another machine's business.
func (b bound) matches(host string) bool {
	if host == "" {
		return true
	}
	if host == "localhost" {
		return net.IP(b).IsLoopback()
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsUnspecified() || ip.Equal(net.IP(b)))
}

// parseSocket reads one line of /proc/net/tcp{,6} and reports whether it is a
// socket listening on port. Columns: number, local address, remote address,
// state, queues, timer, retransmits, uid, timeout, inode.
func parseSocket(line string, port int) (bound, socket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != listenState {
		return nil, socket{}, false
	}
	addr, hexPort, ok := strings.Cut(f[1], ":")
	if !ok {
		return nil, socket{}, false
	}
	if p, err := strconv.ParseUint(hexPort, 16, 16); err != nil || int(p) != port {
		return nil, socket{}, false
	}
	ip, err := hex.DecodeString(addr)
	if err != nil || len(ip) != net.IPv4len && len(ip) != net.IPv6len {
		return nil, socket{}, false
	}
	// The kernel prints each 32-bit word of the address in the machine's own byte order.
	for i := 0; i < len(ip); i += 4 {
		binary.NativeEndian.PutUint32(ip[i:], binary.BigEndian.Uint32(ip[i:]))
	}
	return ip, socket{uid: f[7], inode: f[9]}, true
}
