// Package socket reads and writes TCP connections of the router: New wraps one, of a client or to an
// upstream.
//
// On Linux, its short reads and writes are system calls of which Go's scheduler is not told. They never
// wait, since Go's sockets do not block, and nothing is gained by preparing for a long call: before each
// one, Go wakes the thread that watches for long calls (sysmon in package runtime) if the process was idle,
// which then looks every 20 µs. An event of a stream takes three such calls, and the process is idle before
// most events: a tenth of the processor time of 64 streams went into that (docs/benchmarks.md). Long reads
// and writes tell the scheduler as always, so that it learns when there is much to do.
//
// It never changes what a caller sees of a net.TCPConn: errors, deadlines and the end are the same.
package socket

// maxShort is the longest buffer of a short read or write, in bytes. A longer one may take so long that
// another goroutine should run meanwhile.
const maxShort = 32 << 10
