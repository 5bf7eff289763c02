package cluster_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// address is a double of an address that leads to one Redis after the other, as a Service of Kubernetes does,
// and of a network that is slow.
type address struct {
	net.Listener

	mu    sync.Mutex
	port  string        // where it leads to
	delay time.Duration // of each answer
	open  []net.Conn
}

// startAddress starts an address that leads to a port.
func startAddress(t *testing.T, port string) *address {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &address{Listener: l, port: port}
	var serving sync.WaitGroup
	serving.Go(func() {
		for client, err := l.Accept(); err == nil; client, err = l.Accept() {
			serving.Go(func() { a.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		a.moveTo(port)
		serving.Wait()
	})
	return a
}

// number returns the number of its port.
func (a *address) number() int { return a.Addr().(*net.TCPAddr).Port }

// moveTo lets it lead to another port; connections break.
func (a *address) moveTo(port string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.port = port
	for _, c := range a.open {
		_ = c.Close()
	}
	a.open = nil
}

// setDelay delays each answer from now on.
func (a *address) setDelay(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delay = d
}

// serve copies what a client and Redis say to each other, until one of them leaves.
func (a *address) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	a.mu.Lock()
	port := a.port
	a.mu.Unlock()
	server, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	a.mu.Lock()
	a.open = append(a.open, client, server)
	a.mu.Unlock()
	var asking sync.WaitGroup
	asking.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	a.copySlowly(client, server)
	_ = client.Close()
	asking.Wait()
}

// copySlowly copies answers, each after the delay.
func (a *address) copySlowly(client io.Writer, server io.Reader) {
	part := make([]byte, 64<<10)
	for {
		n, err := server.Read(part)
		a.mu.Lock()
		delay := a.delay
		a.mu.Unlock()
		time.Sleep(delay) // it plays a network
		if _, failed := client.Write(part[:n]); err != nil || failed != nil {
			return
		}
	}
}
