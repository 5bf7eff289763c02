package transport

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// OwnPeers are the addresses, as settings.HostPort returns them, at which only
// processes of this user may get requests.
type OwnPeers map[string]peerRule

// peerRule says when it is checked whose process listens at an address.
type peerRule int

const (
	checkOnLoopback peerRule = iota + 1 // when the connection stays on this machine's loopback
	checkAlways
)

// FindOwnPeers returns the addresses of the supervised upstreams and of the deployments that
// get one of FlowGate's own keys. Programs on this machine that get a key of the user's are
// not among them. Fault: settings-invalid.
func FindOwnPeers(deployments []*settings.Deployment, supervised, ownKeys []string) (OwnPeers, error) {
	own := OwnPeers{}
	for _, d := range deployments {
		if d.Base != nil && d.Key != "" && slices.Contains(ownKeys, d.Key) {
			own[settings.HostPort(d.Base)] = checkOnLoopback
		}
	}
	for _, address := range supervised {
		at, err := settings.ParseHostPort(address)
		if err != nil {
			return nil, err
		}
		own[at] = checkAlways
	}
	return own, nil
}

// dial connects to an upstream. It closes the connection and fails with a
// *tcp.ForeignPeerError when the address is one of own and the process at the other
// end is another user's. It also compares the address that the connection has reached, so
// that host names and 0.0.0.0 are checked, too.
func (own OwnPeers) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	rule := max(own[settings.HostPort(&url.URL{Host: addr})],
		own[settings.HostPort(&url.URL{Host: conn.RemoteAddr().String()})])
	remote, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	if rule == 0 || rule == checkOnLoopback && isTCP && !remote.IP.IsLoopback() {
		return conn, nil
	}
	if err := tcp.CheckPeer(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
