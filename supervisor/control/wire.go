// Package control is what commands and the supervisor say to each other: a Request
// goes through the control socket, Replies with Events and a Status come back. It also
// has what both must agree on: the socket's path and the peer's user (SocketPath,
// PeerUID), the lock files of a runtime folder (LockPath) and the faults of both sides.
//
// It starts nothing and stops nothing. It has more than 700 lines since all of it is the
// contract of both sides, which neither may change alone.
package control

import (
	"encoding/json"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
)

// Request is the body of a command. It carries the command's configuration, so that
// services start by the file as it is now, and its environment, so that a key that
// was exported since the supervisor's start counts.
type Request struct {
	Config    *config.Config `json:"config"`
	Services  []string       `json:"services"`   // empty: all
	TimeoutMS int64          `json:"timeout_ms"` // from exec to ready; 0: by runtime
	Environ   []string       `json:"environ"`
	Cwd       string         `json:"cwd"`
	Program   string         `json:"program,omitempty"` // of an upgrade
	Quiet     bool           `json:"quiet,omitempty"`   // no events in the answer
	Typed     string         `json:"typed,omitempty"`   // program.Name of the client
}

// Reply is one line of the reply to a command: events as they happen, then one line
// with the status.
type Reply struct {
	Event  *Event     `json:"event,omitempty"`
	Status *Status    `json:"status,omitempty"`
	Fault  *WireFault `json:"fault,omitempty"`
	// Ending is set when the supervisor ends after this command; it is gone when
	// the process that Identity names is.
	Ending   bool              `json:"ending,omitempty"`
	Identity *process.Identity `json:"identity,omitempty"`
}

// WireFault is a fault as it goes through the socket.
type WireFault struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Hint    string   `json:"hint,omitempty"`
	Exit    int      `json:"exit"`
	Failure *Failure `json:"failure,omitempty"`
}

// EncodeFault returns the fault of err as it goes through the socket.
func EncodeFault(err error) *WireFault {
	f := fault.From(err)
	w := &WireFault{Code: f.Code, Message: f.Message, Hint: f.Hint, Exit: f.Exit}
	if failure, ok := f.Detail.(Failure); ok {
		w.Failure = &failure
	}
	return w
}

// Err returns the fault as it was, without its cause; nil for a nil WireFault.
func (w *WireFault) Err() error {
	if w == nil {
		return nil
	}
	f := &fault.Error{Code: w.Code, Message: w.Message, Hint: w.Hint, Exit: w.Exit}
	if w.Failure != nil {
		f.Detail = *w.Failure
	}
	return f
}

// Scrub returns the fault with its log lines passed through scrub, which takes
// secrets out.
func (w *WireFault) Scrub(scrub func([]byte) []byte) *WireFault {
	if w == nil || w.Failure == nil || scrub == nil {
		return w
	}
	lines := make([]string, len(w.Failure.Log))
	for i, line := range w.Failure.Log {
		lines[i] = string(scrub([]byte(line)))
	}
	clean, failure := *w, *w.Failure
	failure.Log = lines
	clean.Failure = &failure
	return &clean
}

// EncodeRequest returns a request as JSON, without what a supervisor does not need:
// policy, providers and credentials stay with the command.
func EncodeRequest(q Request) ([]byte, error) {
	slim := *q.Config
	slim.Base, slim.Profiles, slim.Providers, slim.Credentials, slim.Warnings = nil, nil, nil, nil, nil
	q.Config = &slim
	return json.Marshal(q)
}

// StartupResult is what a new supervisor reports to the command that started it.
type StartupResult struct {
	Fault *WireFault `json:"fault,omitempty"`
}
