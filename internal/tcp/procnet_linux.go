package tcp

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// listenState is TCP_LISTEN as /proc/net/tcp writes it (proc_net(5)).
const listenState = "0A"

// procSocket is one line of /proc/net/tcp{,6}. Its columns are: number, local
// address, remote address, state, queues, timer, retransmits, uid, timeout, inode.
type procSocket struct {
	socket
	local, remote netip.AddrPort
	isListening   bool
}

// procListeners calls visit for every socket of /proc/net that listens on port.
func procListeners(port int, visit func(boundIP, socket)) error {
	return eachProcSocket(func(p procSocket) bool {
		if p.isListening && p.local.IsValid() && int(p.local.Port()) == port {
			visit(p.local.Addr().AsSlice(), p.socket)
		}
		return true
	})
}

// procConnection returns the socket of /proc/net with these two addresses, and
// fs.ErrNotExist when there is none.
func procConnection(own, other netip.AddrPort) (socket, error) {
	found, err := socket{}, fs.ErrNotExist
	readErr := eachProcSocket(func(p procSocket) bool {
		isSame := normalizeAddr(p.local) == own && normalizeAddr(p.remote) == other
		if isSame {
			found, err = p.socket, nil
		}
		return !isSame
	})
	if readErr != nil {
		return socket{}, readErr
	}
	return found, err
}

// eachProcSocket calls visit for each line of /proc/net/tcp and tcp6 until it
// returns false.
func eachProcSocket(visit func(procSocket) bool) error {
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return fmt.Errorf("read the list of sockets: %w", err)
		}
		lines, wantsMore := bufio.NewScanner(file), true
		for wantsMore && lines.Scan() {
			if f := strings.Fields(lines.Text()); len(f) >= 10 {
				local, remote := parseProcAddr(f[1]), parseProcAddr(f[2])
				wantsMore = visit(procSocket{socket{uid: f[7], inode: f[9]}, local, remote, f[3] == listenState})
			}
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if !wantsMore {
			return nil
		}
	}
	return nil
}

// parseProcAddr parses an address of /proc/net/tcp{,6}: the kernel prints each
// 32-bit word in the machine's own byte order, then the port. It returns the zero
// value for any other text, such as the heading.
func parseProcAddr(text string) netip.AddrPort {
	addr, hexPort, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(addr)
	port, errPort := strconv.ParseUint(hexPort, 16, 16)
	if err != nil || errPort != nil || len(ip)%4 != 0 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(ip); i += 4 {
		binary.NativeEndian.PutUint32(ip[i:], binary.BigEndian.Uint32(ip[i:]))
	}
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a, uint16(port))
}
