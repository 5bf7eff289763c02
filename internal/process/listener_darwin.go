package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// Listener says who listens on a TCP port such that host:port leads there, and
// false when nobody does. It asks lsof, which macOS brings along.
func Listener(host string, port int) (Holder, bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nP",
		"-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fpcun").Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) == 0 {
		return hidden(host, port) // lsof exits 1 when it lists nothing
	}
	if err != nil {
		return Holder{}, false, fmt.Errorf("ask lsof for port %d: %w", port, err)
	}
	if h, ok := parseLsof(string(out), host); ok {
		return h, true, nil
	}
	return hidden(host, port)
}

// hidden asks by a connection: lsof does not list other users' sockets.
func hidden(host string, port int) (Holder, bool, error) {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(port)), 200*time.Millisecond)
	if err != nil {
		return Holder{}, false, nil
	}
	return Holder{}, true, conn.Close()
}

// Holds reports whether this process itself listens on host:port.
func Holds(pid int, host string, port int) bool {
	h, ok, err := Listener(host, port)
	return err == nil && ok && h.PID == pid
}

// Open reports whether a process listens on port at an address that others
// than this machine may reach. What cannot be seen counts as not.
func Open(pid, port int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nP", "-a", "-p", strconv.Itoa(pid),
		"-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fn").Output() // exit status 1 when it lists nothing
	for line := range strings.Lines(string(out)) {
		host, _, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimSpace(line), "n"))
		if ip := net.ParseIP(host); line[0] == 'n' && err == nil && (ip == nil || !ip.IsLoopback()) {
			return true
		}
	}
	return false
}

// parseLsof reads lsof -F output: p, c and u lines of a process, then n lines of its sockets.
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

func userName(uid string) string {
	u, err := user.LookupId(uid)
	if err != nil {
		return uid
	}
	return u.Username
}
