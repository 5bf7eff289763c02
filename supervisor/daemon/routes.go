package daemon

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// maxRequest bounds the body of a command. A configuration has a few kilobytes.
const maxRequest = 8 << 20

// routes returns the handler of the control socket.
func (r *resident) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(r.status())
	})
	mux.HandleFunc("POST /v1/start", r.handleCommand(r.services.Start))
	mux.HandleFunc("POST /v1/stop", r.handleCommand(r.services.Stop))
	mux.HandleFunc("POST /v1/restart", r.handleCommand(r.services.Restart))
	mux.HandleFunc("POST /v1/upgrade", r.handleCommand(r.upgrade))
	return mux
}

// handleCommand returns a handler that runs an operation. It replies with events
// while the operation runs and with the status at its end.
func (r *resident) handleCommand(op func(context.Context, control.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.commandSeen.Store(true)
		q, err := readRequest(w, req)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(control.Reply{Fault: control.EncodeFault(err)})
			return
		}
		program.SetName(q.Typed) // what the supervisor says from now on is for this user
		w.Header().Set("Content-Type", "application/jsonl")
		flush := http.NewResponseController(w)
		_ = flush.Flush() // the client sees that the command was received, and does not send it to the next supervisor
		var events <-chan control.Event
		if !q.Quiet {
			var unsubscribe func()
			events, unsubscribe = r.events.Subscribe()
			defer unsubscribe()
		}
		done := make(chan error, 1)
		var running sync.WaitGroup
		defer running.Wait()
		running.Go(func() { done <- op(req.Context(), q) })
		if !r.relay(json.NewEncoder(w), flush, events, done) {
			return
		}
		if next := r.nextProgram.Load(); next != nil {
			r.end(upgradeTo{*next})
			return
		}
		r.end(nil)
	}
}

// readRequest reads the body of a command. Fault: control-invalid.
func readRequest(w http.ResponseWriter, req *http.Request) (control.Request, error) {
	var q control.Request
	err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxRequest)).Decode(&q)
	if err == nil && q.Config == nil {
		err = fault.New("control-invalid", "the command has no configuration")
	}
	if err != nil {
		return q, fault.New("control-invalid", "read the command: %w", err)
	}
	return q, nil
}

// relay writes events until the operation is done, then the last line. It reports
// whether the supervisor is to end. Write errors are ignored: the operation
// continues after the client disconnected.
func (r *resident) relay(
	out *json.Encoder,
	flush *http.ResponseController,
	events <-chan control.Event,
	done <-chan error,
) bool {
	for {
		select {
		case e := <-events:
			_ = out.Encode(control.Reply{Event: &e})
			if len(events) == 0 { // else it is flushed with the next one
				_ = flush.Flush()
			}
		case err := <-done:
			for len(events) > 0 {
				e := <-events
				_ = out.Encode(control.Reply{Event: &e})
			}
			_ = r.recorder.WritePending() // the command succeeded even if the ledger cannot be written
			status := r.status()
			last := control.Reply{Status: &status, Ending: r.services.IsClosed(), Identity: &r.id}
			if err != nil {
				last.Fault = control.EncodeFault(err)
			}
			_ = out.Encode(last)
			_ = flush.Flush()
			return last.Ending
		}
	}
}
