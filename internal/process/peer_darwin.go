package process

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

// errNotOurs means that lsof shows no socket of this user at the other end.
var errNotOurs = errors.New("lsof shows no such socket of this user")

// peerUID is the user who has the other end of the connection local -> remote,
// by lsof, which macOS brings along: it shows the sockets of this user, and to
// root those of everybody. What it does not show is not ours. It waits a moment
// for the connection to be accepted; then a listener at the very address will
// do, which another user cannot share. One at all addresses is not enough.
func peerUID(local, remote netip.AddrPort) (int, error) {
	for try := 1; ; try++ {
		out, err := socketsOf(int(remote.Port()))
		if err != nil {
			return 0, err
		}
		switch uid, rank := parsePeer(out, local, remote); {
		case rank == acceptedConnection, rank == exactListener && try >= 5:
			return uid, nil
		case rank == 0 && try >= 2, try >= 20:
			return 0, errNotOurs
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// socketsOf is what lsof says of the sockets at a port.
func socketsOf(port int) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nP", "-iTCP:"+strconv.Itoa(port), "-Fpun").Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) { // it exits 1 when it lists nothing
		return "", fmt.Errorf("ask lsof for port %d: %w", port, err)
	}
	return string(out), nil
}

// How well a socket fits the other end of a connection.
const (
	wildListener = iota + 1
	exactListener
	acceptedConnection
)

// parsePeer reads lsof -F output: p and u lines of a process, then n lines of
// its sockets. The accepted connection says more than a listener does, and a
// listener at the very address more than one at all addresses.
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

// rankSocket says how well lsof's name of a socket fits the other end.
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
