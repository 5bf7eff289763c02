package daemon

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// maxRequest bounds a command's body; a configuration has a few kilobytes.
const maxRequest = 8 << 20

// routes are the control socket's endpoints.
func (r *resident) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(r.status())
	})
	mux.HandleFunc("POST /v1/start", r.command(r.startOrEnd))
	mux.HandleFunc("POST /v1/stop", r.command(r.stop))
	mux.HandleFunc("POST /v1/restart", r.command(r.restart))
	mux.HandleFunc("POST /v1/upgrade", r.command(r.upgrade))
	return mux
}

// command answers with events while the operation goes on and with the status
// at its end.
func (r *resident) command(op func(context.Context, control.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.used.Store(true)
		var q control.Request
		err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxRequest)).Decode(&q)
		if err == nil && q.Config == nil {
			err = fault.New("control-invalid", "a command without a configuration")
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(control.Reply{Fault: control.EncodeFault(fault.New("control-invalid", "read the command: %w", err))})
			return
		}
		w.Header().Set("Content-Type", "application/jsonl")
		answer := http.NewResponseController(w)
		_ = answer.Flush() // the command is taken: if we are killed now, it is not asked again
		var events <-chan control.Event
		if !q.Quiet {
			var leave func()
			events, leave = r.events.Subscribe()
			defer leave()
		}
		done := make(chan error, 1)
		var running conc.WaitGroup
		defer running.Wait()
		running.Go(func() { done <- op(req.Context(), q) })
		ending := r.relay(json.NewEncoder(w), answer, events, done)
		switch {
		case ending && r.nextProgram != "":
			r.end(upgradeTo{r.nextProgram})
		case ending:
			r.end(nil)
		}
	}
}

// relay writes events until the operation is done, then the last line. A client
// that has gone is written to in vain; its operation goes its way. It reports
// whether the supervisor is to end.
func (r *resident) relay(out *json.Encoder, flush *http.ResponseController, events <-chan control.Event, done <-chan error) bool {
	for {
		select {
		case e := <-events:
			_ = out.Encode(control.Reply{Event: &e})
			if len(events) == 0 { // else the next goes with it
				_ = flush.Flush()
			}
		case err := <-done:
			for len(events) > 0 {
				e := <-events
				_ = out.Encode(control.Reply{Event: &e})
			}
			_ = r.recorder.WritePending() // the services run whether or not it can be written
			status := r.status()
			last := control.Reply{Status: &status, Ending: r.gate.isClosed(), Identity: &r.id}
			if err != nil {
				last.Fault = control.EncodeFault(err)
			}
			_ = out.Encode(last)
			_ = flush.Flush()
			return last.Ending
		}
	}
}
