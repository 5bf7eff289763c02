package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// errNotShown means that lsof shows no socket of this user at the other end.
var errNotShown = errors.New("lsof shows no such socket of this user")

// peerUID returns the user at the other end of the connection local -> remote.
func peerUID(local, remote netip.AddrPort) (int, error) {
	for attempt := 1; ; attempt++ {
		out, err := listSockets(int(remote.Port()))
		if err != nil {
			return 0, err
		}
		switch uid, rank := parsePeer(out, local, remote); {
		case rank == acceptedConnection, rank == exactListener && attempt >= 5:
			return uid, nil
		case rank == 0 && attempt >= 2, attempt >= 20: // 400 ms
			return 0, errNotShown
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// listSockets returns what lsof prints about the sockets at a port.
func listSockets(port int) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nP", "-iTCP:"+strconv.Itoa(port), "-Fpun").Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) { // it exits 1 when it lists nothing
		return "", fmt.Errorf("ask lsof for port %d: %w", port, err)
	}
	return string(out), nil
}

// Ranks say how well a socket fits the other end of a connection; 0 is not at all.
const (
	wildListener = iota + 1
	exactListener
	acceptedConnection
)

// parsePeer parses lsof -F output (p and u lines of a process, then n lines of its
// sockets) and returns the user of the socket with the highest rank.
func parsePeer(out string, local, remote netip.AddrPort) (uid, best int) {
	user := -1
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		switch value := line[1:]; line[0] {
		case 'u':
			user, _ = strconv.Atoi(value)
		case 'n':
			if rank := rankSocket(value, local, remote); rank > best {
				best, uid = rank, user
			}
		}
	}
	return uid, best
}

// rankSocket returns the rank of a socket by the name that lsof prints for it.
func rankSocket(name string, local, remote netip.AddrPort) int {
	switch from, to, connected := strings.Cut(name, "->"); {
	case connected:
		if from == remote.String() && to == local.String() {
			return acceptedConnection
		}
	case name == remote.String():
		return exactListener
	case name == net.JoinHostPort("*", strconv.Itoa(int(remote.Port()))):
		return wildListener
	}
	return 0
}
