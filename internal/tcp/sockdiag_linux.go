package tcp

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sizes and values of sock_diag(7), <linux/inet_diag.h>.
const (
	diagRequest = 56 // struct inet_diag_req_v2
	diagReply   = 72 // struct inet_diag_msg
	diagListen  = 1 << 10
)

// diagListeners calls visit for each socket of an address family that listens on
// port. It fails where netlink is not available. sock_diag reads the listeners only;
// /proc/net/tcp walks every bucket of connections as well, which takes 10 ms on a
// machine of 24 GB.
func diagListeners(family uint8, port int, visit func(boundIP, socket)) error {
	fd, err := sendDiag(encodeListenRequest(family, port))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for buf := make([]byte, 32<<10); ; {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return fmt.Errorf("read sock_diag: %w", err)
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return fmt.Errorf("read sock_diag: %w", err)
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return nil
			case m.Header.Type == unix.NLMSG_ERROR || len(m.Data) < diagReply:
				return fmt.Errorf("sock_diag answers with message type %d", m.Header.Type)
			}
			addr, s := parseDiagMessage(m.Data)
			visit(addr, s)
		}
	}
}

// diagConnection returns the socket with these two addresses, and fs.ErrNotExist
// when there is none.
func diagConnection(own, other netip.AddrPort) (socket, error) {
	fd, err := sendDiag(encodeConnectionRequest(own, other))
	if err != nil {
		return socket{}, err
	}
	defer unix.Close(fd)
	buf := make([]byte, 4<<10)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		return socket{}, fmt.Errorf("read sock_diag: %w", err)
	}
	return parseConnectionReply(buf[:n], own, other)
}

// sendDiag opens a sock_diag socket, which the caller closes, and sends a request.
func sendDiag(request []byte) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return -1, fmt.Errorf("open sock_diag: %w", err)
	}
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("send to sock_diag: %w", err)
	}
	return fd, nil
}

// encodeListenRequest returns a netlink header and a struct inet_diag_req_v2 that
// ask for all listeners on a port.
func encodeListenRequest(family uint8, port int) []byte {
	q := make([]byte, unix.SizeofNlMsghdr+diagRequest)
	binary.NativeEndian.PutUint32(q[0:], uint32(len(q)))
	binary.NativeEndian.PutUint16(q[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(q[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := q[unix.SizeofNlMsghdr:]
	body[0], body[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(body[4:], diagListen)
	binary.BigEndian.PutUint16(body[8:], uint16(port))
	return q
}

// encodeConnectionRequest returns a netlink header and a struct inet_diag_req_v2
// that ask for one connection. own is the address of the socket to find.
func encodeConnectionRequest(own, other netip.AddrPort) []byte {
	family := uint8(unix.AF_INET)
	if own.Addr().Is6() {
		family = unix.AF_INET6
	}
	q := encodeListenRequest(family, int(own.Port()))
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

// parseConnectionReply parses the reply to a request for one connection. When there
// is no such connection, the kernel returns a listener instead, whose remote port is
// 0: parseConnectionReply returns fs.ErrNotExist then.
func parseConnectionReply(reply []byte, own, other netip.AddrPort) (socket, error) {
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
	_, s := parseDiagMessage(m.Data)
	return s, nil
}

// parseDiagMessage parses a struct inet_diag_msg.
func parseDiagMessage(m []byte) (boundIP, socket) {
	size := 4
	if m[0] == unix.AF_INET6 {
		size = 16
	}
	addr := append(boundIP(nil), m[8:8+size]...)
	uid, inode := binary.NativeEndian.Uint32(m[64:]), binary.NativeEndian.Uint32(m[68:])
	return addr, socket{uid: strconv.FormatUint(uint64(uid), 10), inode: strconv.FormatUint(uint64(inode), 10)}
}
