package gateway

import (
	"net"
	"net/http"
	"sync"
)

// silent keeps the connections on which no request has begun. Clients open such
// connections ahead of need, and http.Server.Shutdown waits five seconds for
// each of them; nothing is lost by closing them at once.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// watch is an http.Server's ConnState.
func (s *silent) watch(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.mu.Lock()
		if s.conns == nil {
			s.conns = map[net.Conn]struct{}{}
		}
		s.conns[c] = struct{}{}
		s.mu.Unlock()
	case http.StateActive, http.StateClosed, http.StateHijacked:
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}
}

// close ends them; the listener must be closed already.
func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}
