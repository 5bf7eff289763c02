package process

import (
	"encoding/binary"
	"fmt"
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

// diagnose asks the kernel for the sockets of a family that listen on port. It
// looks at those only: /proc/net/tcp walks every bucket for connections as well,
// 10 ms on a machine of 24 GB. Where netlink is not to be had, it fails.
func diagnose(family uint8, port int, visit func(bound, socket)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return fmt.Errorf("open sock_diag: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, diagQuestion(family, port), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("ask sock_diag: %w", err)
	}
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
			addr, s := parseDiag(m.Data)
			visit(addr, s)
		}
	}
}

// diagQuestion is a netlink header and a struct inet_diag_req_v2.
func diagQuestion(family uint8, port int) []byte {
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

// parseDiag reads a struct inet_diag_msg.
func parseDiag(m []byte) (bound, socket) {
	size := 4
	if m[0] == unix.AF_INET6 {
		size = 16
	}
	addr := append(bound(nil), m[8:8+size]...)
	uid, inode := binary.NativeEndian.Uint32(m[64:]), binary.NativeEndian.Uint32(m[68:])
	return addr, socket{uid: strconv.FormatUint(uint64(uid), 10), inode: strconv.FormatUint(uint64(inode), 10)}
}
