package supervisor

import (
	"net"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/probe"
)

// Recorder lets a test choose how writing the ledger goes.
type Recorder struct{ r *recorder }

// NewRecorder is one whose writes are write.
func NewRecorder(write func() error) Recorder { return Recorder{newRecorder(write, func(error) {})} }

// Soon has the ledger written in a moment.
func (r Recorder) Soon() { r.r.soon() }

// Settle writes now what would be written soon.
func (r Recorder) Settle() error { return r.r.settle() }

// Flush writes now.
func (r Recorder) Flush() error { return r.r.flush() }

// Lasting is the silence of a service that may be silent for limit, over at
// least so many questions.
func Lasting(limit time.Duration, least int) func(f probe.Finding, asked time.Time) bool {
	return (&silence{limit: limit, least: least}).lasts
}

// CutLog bounds the log of a service as a supervisor does each second.
func CutLog(cfg *config.Config, service string) error {
	_, err := logfile.Cut(logPath(cfg, service), logfile.Standard())
	return err
}

// ListenNear opens the control socket of a runtime folder with a listen that
// stands for a file system's.
func ListenNear(runtimeDir string, listen func(string) (*net.UnixListener, error)) (*net.UnixListener, string, error) {
	return listenNear(socketPath(runtimeDir), runtimeDir, listen)
}

// ListenControl opens a control socket.
func ListenControl(path string) (*net.UnixListener, error) { return listenControl(path) }
