package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// Conn is a TCP connection.
type Conn struct {
	*net.TCPConn
	raw         syscall.RawConn // nil: tcp is closed
	read, write transfer
}

// New returns a Conn over tcp.
func New(tcp *net.TCPConn) *Conn {
	c := &Conn{TCPConn: tcp}
	if raw, err := tcp.SyscallConn(); err == nil {
		c.raw, c.read.try, c.write.try = raw, c.read.receive, c.write.send
	}
	return c
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw == nil || len(p) == 0 || len(p) > maxShort {
		return c.TCPConn.Read(p)
	}
	t := &c.read
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf, t.n, t.errno = p, 0, 0
	err := c.raw.Read(t.try)
	t.buf = nil
	switch {
	case err != nil || t.errno != 0:
		return 0, c.describe("read", t.errno, err)
	case t.n == 0:
		return 0, io.EOF
	}
	return t.n, nil
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	if c.raw == nil || len(p) == 0 || len(p) > maxShort {
		return c.TCPConn.Write(p)
	}
	t := &c.write
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf, t.n, t.errno = p, 0, 0
	err := c.raw.Write(t.try)
	t.buf = nil
	if err != nil || t.errno != 0 {
		err = c.describe("write", t.errno, err)
	}
	return t.n, err
}

// describe returns the error that a net.TCPConn has for an error number of a system call, or for err, an
// error of a syscall.RawConn.
func (c *Conn) describe(op string, errno syscall.Errno, err error) error {
	if outer := (*net.OpError)(nil); errors.As(err, &outer) {
		err = outer.Err
	}
	if err == nil {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// transfer is a read or a write in progress. Its functions are called by a syscall.RawConn again and again,
// whenever the socket is ready, until they return true.
type transfer struct {
	mu    sync.Mutex
	buf   []byte
	n     int // bytes that were read or written
	errno syscall.Errno
	try   func(fd uintptr) (isDone bool) // receive or send, made once
}

// receive reads once.
func (t *transfer) receive(fd uintptr) (isDone bool) { return t.call(syscall.SYS_READ, fd) }

// send writes all of the buffer.
func (t *transfer) send(fd uintptr) (isDone bool) {
	for t.n < len(t.buf) {
		if !t.call(syscall.SYS_WRITE, fd) {
			return false
		}
		if t.errno != 0 {
			return true
		}
	}
	return true
}

// call makes a system call with the rest of the buffer. isDone is false when the socket is not ready.
func (t *transfer) call(number, fd uintptr) (isDone bool) {
	rest := t.buf[t.n:]
	for {
		n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)))
		switch errno {
		case 0:
			t.n += int(n)
			return true
		case syscall.EAGAIN:
			return false
		case syscall.EINTR:
			continue
		}
		t.errno = errno
		return true
	}
}
