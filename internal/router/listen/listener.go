package listen

import (
	"container/list"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/socket"
)

// boundedListener limits the number of clients' connections, in total and per peer. When a
// new one exceeds a limit, it closes the oldest one that serves no authorized request,
// preferably one that never did. While all are busy, it answers a new one with 503.
type boundedListener struct {
	net.Listener
	limit   int // in total
	perPeer int // of one peer, unless that is this machine

	mu    sync.Mutex
	all   *list.List // of *connection, the oldest first
	peers map[netip.Addr]int

	isWaiting atomic.Bool   // a new connection waits for room
	freed     chan struct{} // gets a value when there may be room
}

// connection is one connection of a client.
type connection struct {
	*socket.Conn
	place    *list.Element // in the list all; nil when it is no longer counted
	peer     netip.Addr
	use      atomic.Int32
	hasBegun atomic.Bool // a request has begun on it
}

// What a connection is used for.
const (
	useNone int32 = iota // no authorized request has come on it
	useIdle              // one has been served
	useBusy              // one is being served
)

// Bounds of the number of clients' connections.
const (
	maxConnections = 16384
	minConnections = 16
	reservedFiles  = 64 // file descriptors for everything that is not a connection
)

// newBoundedListener returns a listener for at most opts.MaxConnections. With 0, half
// of the file descriptors that this process may open are for clients, because each request
// needs another one for its upstream.
func newBoundedListener(listener net.Listener, opts *Options) *boundedListener {
	limit := opts.MaxConnections
	if limit == 0 {
		limit = maxConnections
		var files syscall.Rlimit
		if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil && files.Cur < 2*maxConnections {
			limit = max(minConnections, (int(files.Cur)-reservedFiles)/2)
		}
	}
	perPeer := max(minConnections, limit/4)
	if opts.OnePeer {
		perPeer = limit
	}
	return &boundedListener{Listener: listener, limit: limit, perPeer: perPeer,
		all: list.New(), peers: map[netip.Addr]int{}, freed: make(chan struct{}, 1)}
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		tcp, ok := conn.(*net.TCPConn)
		if err != nil || !ok {
			return conn, err
		}
		if c := l.admit(tcp); c != nil {
			return c, nil
		}
		if c := l.admitLater(tcp); c != nil {
			return c, nil
		}
		refuseConnection(tcp)
	}
}

// admit counts a connection, after making room for it. It returns nil when there is no room.
func (l *boundedListener) admit(tcp *net.TCPConn) *connection {
	c := &connection{Conn: socket.New(tcp)}
	if at, ok := tcp.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = at.AddrPort().Addr().Unmap().WithZone("")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.peer.IsLoopback() && l.peers[c.peer] >= l.perPeer && !l.makeRoom(c.peer) {
		return nil
	}
	if l.all.Len() >= l.limit && !l.makeRoom(netip.Addr{}) {
		return nil
	}
	c.place = l.all.PushBack(c)
	l.peers[c.peer]++
	return c
}

// roomTimeout is how long a new connection waits until a busy one becomes idle or is closed.
const roomTimeout = 100 * time.Millisecond

// admitLater waits for room up to roomTimeout, and then admits a connection. It returns nil
// when there is still no room.
func (l *boundedListener) admitLater(tcp *net.TCPConn) *connection {
	l.isWaiting.Store(true)
	defer l.isWaiting.Store(false)
	timeout := time.After(roomTimeout)
	for {
		if c := l.admit(tcp); c != nil {
			return c
		}
		select {
		case <-l.freed:
		case <-timeout:
			return nil
		}
	}
}

// signalRoom wakes the connection that waits for room.
func (l *boundedListener) signalRoom() {
	if !l.isWaiting.Load() {
		return
	}
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

// makeRoom closes the oldest connection of a peer (of any peer if peer is zero) that serves
// no authorized request, preferably one that never did, and reports whether there was one.
// The caller holds mu.
func (l *boundedListener) makeRoom(peer netip.Addr) bool {
	var idle *connection
	for e := l.all.Front(); e != nil; e = e.Next() {
		c := e.Value.(*connection)
		use := c.use.Load()
		if peer.IsValid() && c.peer != peer || use == useBusy {
			continue
		}
		if use == useNone {
			l.drop(c)
			return true
		}
		if idle == nil {
			idle = c
		}
	}
	if idle != nil {
		l.drop(idle)
	}
	return idle != nil
}

// drop closes a connection and stops counting it. The caller holds mu.
func (l *boundedListener) drop(c *connection) {
	_ = c.Close()
	l.forget(c)
}

// forget stops counting a connection. It may be called more than once. The caller holds mu.
func (l *boundedListener) forget(c *connection) {
	if c.place == nil {
		return
	}
	l.all.Remove(c.place)
	c.place = nil
	if l.peers[c.peer]--; l.peers[c.peer] == 0 {
		delete(l.peers, c.peer)
	}
}

// trackState is an http.Server's ConnState: it keeps track of what a connection is used for.
func (l *boundedListener) trackState(conn net.Conn, state http.ConnState) {
	c, ok := conn.(*connection)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		c.hasBegun.Store(true)
	case http.StateIdle:
		if c.use.Load() == useBusy {
			c.use.Store(useIdle)
			l.signalRoom()
		}
	case http.StateClosed, http.StateHijacked:
		l.mu.Lock()
		l.forget(c)
		l.mu.Unlock()
		l.signalRoom()
	}
}

// closeUnused closes the connections on which no request has begun. The listener must
// be closed already. Clients open such connections in advance, and http.Server.Shutdown
// waits until they are five seconds old.
func (l *boundedListener) closeUnused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.all.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*connection); !c.hasBegun.Load() {
			_ = c.Close()
		}
	}
}

// connectionKey is the key of a request's connection in its context.
type connectionKey struct{}

// withConnection is an http.Server's ConnContext: it adds the connection to the context of
// its requests.
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// MarkAuthorized notes that a request is authorized. While it is served, its connection is
// not closed to make room for others.
func MarkAuthorized(req *http.Request) {
	if c, ok := req.Context().Value(connectionKey{}).(*connection); ok {
		c.use.Store(useBusy)
	}
}

// refuseConnection answers 503 on a connection for which there is no room, and closes it.
func refuseConnection(conn net.Conn) {
	// the deadline is only a precaution: the answer fits into the empty buffer of the socket
	_ = conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	body := `{"error":{"message":"Too many connections at once","type":"server_error","code":"503"}}` + "\n"
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"+
		"Connection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	_ = conn.Close()
}
