package process

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// peerUID is the user who has the other end of the connection local -> remote.
// The kernel knows it once the connection is accepted. Until then the
// connection waits in the queue of the listener, whose user is the answer; the
// kernel shows such a connection as one of root's with inode 0.
func peerUID(local, remote netip.AddrPort) (int, error) {
	uid, accepted, err := connectionUID(remote, local)
	if err != nil || accepted {
		return uid, err
	}
	owner, err := listenerUID(remote)
	if err != nil {
		return 0, err
	}
	// Asked again: another process may have taken the connection and have closed
	// its listener before the listeners were looked at.
	if uid, accepted, err = connectionUID(remote, local); err != nil || accepted {
		return uid, err
	}
	return owner, nil
}

// connectionUID looks for the socket that has these two addresses. accepted is
// false when there is none that a process has taken.
func connectionUID(own, other netip.AddrPort) (uid int, accepted bool, err error) {
	s, err := diagnoseOne(own, other)
	if err != nil {
		s, err = lineOf(own, other)
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.inode == "0" {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	uid, err = strconv.Atoi(s.uid)
	return uid, err == nil, err
}

// listenerUID is the user whose listener gets connections to an address. When
// several listen there, they have to be of one user.
func listenerUID(at netip.AddrPort) (int, error) {
	var owners []string
	err := eachSocket(int(at.Port()), func(addr bound, s socket) {
		if ip, _ := netip.AddrFromSlice(addr); addr.unspecified() || ip.Unmap() == at.Addr() {
			owners = append(owners, s.uid)
		}
	})
	switch {
	case err != nil:
		return 0, err
	case len(owners) == 0:
		return 0, errNotHere
	case len(slices.Compact(slices.Sorted(slices.Values(owners)))) > 1:
		return 0, errors.New("processes of several users listen there")
	}
	return strconv.Atoi(owners[0])
}

// diagnoseOne asks the kernel for the one socket with these addresses, by
// sock_diag(7). fs.ErrNotExist: there is none.
func diagnoseOne(own, other netip.AddrPort) (socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return socket{}, fmt.Errorf("open sock_diag: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, diagConnection(own, other), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return socket{}, fmt.Errorf("ask sock_diag: %w", err)
	}
	buf := make([]byte, 4<<10)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		return socket{}, fmt.Errorf("read sock_diag: %w", err)
	}
	return parseOne(buf[:n], own, other)
}

// parseOne reads the kernel's answer. The kernel names a listener when it has
// no such connection: that is told by the other end's port, which is 0 then.
func parseOne(reply []byte, own, other netip.AddrPort) (socket, error) {
	messages, err := syscall.ParseNetlinkMessage(reply)
	if err != nil || len(messages) == 0 {
		return socket{}, fmt.Errorf("read sock_diag: %d bytes that are not a message", len(reply))
	}
	m := messages[0]
	if m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4 {
		if errno := syscall.Errno(-int32(binary.NativeEndian.Uint32(m.Data))); errno != unix.ENOENT {
			return socket{}, fmt.Errorf("ask sock_diag: %w", errno)
		}
		return socket{}, fs.ErrNotExist
	}
	if m.Header.Type != unix.SOCK_DIAG_BY_FAMILY || len(m.Data) < diagReply {
		return socket{}, fmt.Errorf("sock_diag answers with message type %d", m.Header.Type)
	}
	if binary.BigEndian.Uint16(m.Data[4:]) != own.Port() || binary.BigEndian.Uint16(m.Data[6:]) != other.Port() {
		return socket{}, fs.ErrNotExist
	}
	_, s := parseDiag(m.Data)
	return s, nil
}

// diagConnection is a netlink header and a struct inet_diag_req_v2 for one
// connection. Its first address is that of the socket that is looked for.
func diagConnection(own, other netip.AddrPort) []byte {
	family := uint8(unix.AF_INET)
	if own.Addr().Is6() {
		family = unix.AF_INET6
	}
	q := diagQuestion(family, int(own.Port()))
	binary.NativeEndian.PutUint16(q[6:], unix.NLM_F_REQUEST)
	body := q[unix.SizeofNlMsghdr:]
	binary.NativeEndian.PutUint32(body[4:], ^uint32(0)) // every state
	binary.BigEndian.PutUint16(body[10:], other.Port())
	copy(body[12:28], own.Addr().AsSlice())
	copy(body[28:44], other.Addr().AsSlice())
	for i := 48; i < diagRequest; i++ {
		body[i] = 0xff // INET_DIAG_NOCOOKIE: any socket of these addresses
	}
	return q
}

// lineOf is diagnoseOne by /proc, for a kernel or a sandbox without sock_diag.
func lineOf(own, other netip.AddrPort) (socket, error) {
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return socket{}, fmt.Errorf("read the list of sockets: %w", err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			if len(f) >= 10 && parseAddress(f[1]) == own && parseAddress(f[2]) == other {
				return socket{uid: f[7], inode: f[9]}, nil
			}
		}
		if err := lines.Err(); err != nil {
			return socket{}, fmt.Errorf("read %s: %w", path, err)
		}
	}
	return socket{}, fs.ErrNotExist
}

// parseAddress reads an address of /proc/net/tcp{,6}: each 32-bit word in the
// machine's own byte order, then the port. What is not one is the zero value.
func parseAddress(text string) netip.AddrPort {
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
	return unmapped(netip.AddrPortFrom(a, uint16(port)))
}
