package router

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"

	"github.com/flowgate-go/flowgate/internal/tcp"
)

// ownUpstreams are the addresses (host:port, as hostPort writes them) at which
// only processes of this user may get requests, and when.
type ownUpstreams map[string]ownRule

type ownRule int

const (
	onLoopback ownRule = iota + 1 // when the connection stays on this machine's loopback
	always
)

// findOwn returns the addresses of the supervised upstreams, and those that a
// deployment sends one of FlowGate's own keys to. Other programs on this
// machine, with keys that the user gave for them, are not FlowGate's business.
func findOwn(s *Settings, opts Options) (ownUpstreams, error) {
	own := ownUpstreams{}
	for _, d := range s.Deployments {
		if d.base != nil && d.key != "" && slices.Contains(opts.OwnKeys, d.key) {
			own[hostPort(d.base)] = onLoopback
		}
	}
	for _, address := range opts.Supervised {
		at, err := parseHostPort(address)
		if err != nil {
			return nil, err
		}
		own[at] = always
	}
	return own, nil
}

// dial connects to an upstream. It closes the connection and fails with a
// *tcp.ForeignPeerError when it leads to one of own and another user's process
// is at the other end. Names and 0.0.0.0 are seen through: what counts as well
// is the address that the connection has reached.
func (own ownUpstreams) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	rule := max(own[hostPort(&url.URL{Host: addr})], own[hostPort(&url.URL{Host: conn.RemoteAddr().String()})])
	remote, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	if rule == 0 || rule == onLoopback && isTCP && !remote.IP.IsLoopback() {
		return conn, nil
	}
	if err := tcp.CheckPeer(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
