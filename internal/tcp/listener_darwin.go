package tcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// FindListener returns the process whose socket a connection to host:port reaches, and
// false when no process listens there.
func FindListener(host string, port int) (Holder, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nP",
		"-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fpcun").Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) == 0 {
		return probeHidden(host, port) // lsof exits 1 when it lists nothing
	}
	if err != nil {
		return Holder{}, false, fmt.Errorf("ask lsof for port %d: %w", port, err)
	}
	if h, ok := parseLsof(string(out), host); ok {
		return h, true, nil
	}
	return probeHidden(host, port)
}

// probeHidden returns whether a process answers at host:port: lsof does not list the
// sockets of other users.
func probeHidden(host string, port int) (Holder, bool, error) {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(port)), 200*time.Millisecond)
	if err != nil {
		return Holder{}, false, nil
	}
	return Holder{}, true, conn.Close()
}

// IsListening reports whether the process pid listens on host:port. On Linux it costs
// less than FindListener.
func IsListening(pid int, host string, port int) bool {
	h, ok, err := FindListener(host, port)
	return err == nil && ok && h.PID == pid
}

// IsExposed reports whether the process pid listens on port at an address that other
// machines may reach. known is false when that cannot be seen.
func IsExposed(pid, port int) (exposed, known bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nP", "-a", "-p", strconv.Itoa(pid),
		"-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fn").Output()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return false, false // it exits 1 when it lists nothing
	}
	for line := range strings.Lines(string(out)) {
		host, _, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimSpace(line), "n"))
		if ip := net.ParseIP(host); line[0] == 'n' && err == nil && (ip == nil || !ip.IsLoopback()) {
			return true, true
		}
	}
	return false, true
}

// parseLsof parses lsof -F output: p, c and u lines of a process, then n lines of its
// sockets.
func parseLsof(out, host string) (Holder, bool) {
	var h, wild Holder
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		switch value := line[1:]; line[0] {
		case 'p':
			h = Holder{}
			h.PID, _ = strconv.Atoi(value)
		case 'c':
			h.Command = value
		case 'u':
			h.User = userName(value)
		case 'n':
			at, _, err := net.SplitHostPort(value)
			if err != nil {
				continue
			}
			if at == "*" {
				wild = h
			} else if at == host || host == "" || host == "localhost" {
				return h, true
			}
		}
	}
	return wild, wild.PID != 0
}
