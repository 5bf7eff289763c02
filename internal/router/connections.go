package router

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// connections bounds the connections of clients, in all and of one peer. When
// there are too many, the oldest ones that carry no authorized request make
// room for new ones, those first that never carried one. While every one of
// them is at work, a new one is answered 503.
type connections struct {
	net.Listener
	limit int // in all
	peer  int // of one peer that is not this machine

	mu    sync.Mutex
	all   *list.List // of *clientConn, the oldest first
	peers map[netip.Addr]int

	waiting atomic.Bool   // a connection waits for room
	freed   chan struct{} // of one
}

// clientConn is one connection of a client.
type clientConn struct {
	*net.TCPConn
	place *list.Element
	from  netip.Addr
	use   atomic.Int32
	begun atomic.Bool // a request has begun on it
}

// What a connection is used for.
const (
	useUnknown int32 = iota // no authorized request came on it so far
	useIdle                 // it waits for the next one
	useAtWork               // an authorized request is served
)

// Bounds of clients' connections.
const (
	mostConnections  = 16384
	leastConnections = 16
	reservedFiles    = 64 // descriptors for everything that is not a connection
)

// boundConnections wraps l. Half of the descriptors that this process may open
// are for clients, since each request needs another for its upstream.
func boundConnections(l net.Listener, limit int) *connections {
	if limit == 0 {
		limit = mostConnections
		var files syscall.Rlimit
		if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil && files.Cur < 2*mostConnections {
			limit = max(leastConnections, (int(files.Cur)-reservedFiles)/2)
		}
	}
	return &connections{Listener: l, limit: limit, peer: max(leastConnections, limit/4), all: list.New(), peers: map[netip.Addr]int{}, freed: make(chan struct{}, 1)}
}

// Accept implements net.Listener.
func (s *connections) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		tcp, ok := conn.(*net.TCPConn)
		if err != nil || !ok {
			return conn, err
		}
		if c := s.admit(tcp); c != nil {
			return c, nil
		}
		if c := s.admitLater(tcp); c != nil {
			return c, nil
		}
		refuseConnection(tcp)
	}
}

// admit counts a connection in, after making room for it. nil: there is none.
func (s *connections) admit(tcp *net.TCPConn) *clientConn {
	c := &clientConn{TCPConn: tcp}
	if at, ok := tcp.RemoteAddr().(*net.TCPAddr); ok {
		c.from = at.AddrPort().Addr().Unmap().WithZone("")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.from.IsLoopback() && s.peers[c.from] >= s.peer && !s.makeRoom(c.from) {
		return nil
	}
	if s.all.Len() >= s.limit && !s.makeRoom(netip.Addr{}) {
		return nil
	}
	c.place = s.all.PushBack(c)
	s.peers[c.from]++
	return c
}

// roomPatience is how long a new connection waits for one that is at work to end.
const roomPatience = 100 * time.Millisecond

// admitLater is admit as soon as a connection has become idle or is closed.
func (s *connections) admitLater(tcp *net.TCPConn) *clientConn {
	s.waiting.Store(true)
	defer s.waiting.Store(false)
	late := time.After(roomPatience)
	for {
		if c := s.admit(tcp); c != nil {
			return c
		}
		select {
		case <-s.freed:
		case <-late:
			return nil
		}
	}
}

// noteRoom wakes a connection that waits for room.
func (s *connections) noteRoom() {
	if !s.waiting.Load() {
		return
	}
	select {
	case s.freed <- struct{}{}:
	default:
	}
}

// makeRoom closes the oldest connection of a peer, the zero address for any,
// that carries no authorized request. The caller holds the lock.
func (s *connections) makeRoom(peer netip.Addr) bool {
	var idle *clientConn
	for e := s.all.Front(); e != nil; e = e.Next() {
		c := e.Value.(*clientConn)
		use := c.use.Load()
		if peer.IsValid() && c.from != peer || use == useAtWork {
			continue
		}
		if use == useUnknown {
			s.drop(c)
			return true
		}
		if idle == nil {
			idle = c
		}
	}
	if idle != nil {
		s.drop(idle)
	}
	return idle != nil
}

// drop closes a connection and counts it out. The caller holds the lock.
func (s *connections) drop(c *clientConn) {
	_ = c.Close()
	s.forget(c)
}

// forget counts a connection out, once. The caller holds the lock.
func (s *connections) forget(c *clientConn) {
	if c.place == nil {
		return
	}
	s.all.Remove(c.place)
	c.place = nil
	if s.peers[c.from]--; s.peers[c.from] == 0 {
		delete(s.peers, c.from)
	}
}

// watch is an http.Server's ConnState.
func (s *connections) watch(conn net.Conn, state http.ConnState) {
	c, ok := conn.(*clientConn)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		c.begun.Store(true)
	case http.StateIdle:
		if c.use.Load() == useAtWork {
			c.use.Store(useIdle)
			s.noteRoom()
		}
	case http.StateClosed, http.StateHijacked:
		s.mu.Lock()
		s.forget(c)
		s.mu.Unlock()
		s.noteRoom()
	}
}

// closeSilent closes the connections on which no request has begun; the
// listener must be closed already. Clients open such connections ahead of need,
// and http.Server.Shutdown waits five seconds for each of them.
func (s *connections) closeSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.all.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*clientConn); !c.begun.Load() {
			_ = c.Close()
		}
	}
}

// connKey finds a request's connection in its context.
type connKey struct{}

// withConn is an http.Server's ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// markAtWork notes that an authorized request has come on its connection.
func markAtWork(req *http.Request) {
	if c, ok := req.Context().Value(connKey{}).(*clientConn); ok {
		c.use.Store(useAtWork)
	}
}

// refuseConnection answers a connection for which there is no room.
func refuseConnection(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) // it fits the empty buffer of the socket
	_, _ = conn.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: " +
		"88\r\n\r\n" + `{"error":{"message":"Too many connections at once","type":"server_error","code":"503"}}` + "\n"))
	_ = conn.Close()
}
