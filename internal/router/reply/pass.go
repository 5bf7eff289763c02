package reply

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/failure"
)

// pass sends a passed reply, such as sound, byte for byte as it comes. After its first bytes
// a failure can only end the connection: the client must not mistake a part for the whole.
func (w *Writer) pass(a *Answer) End {
	w.setHeaders(a)
	h := w.http.Header()
	h["Content-Type"] = []string{a.ContentType}
	if a.Size >= 0 {
		h["Content-Length"] = []string{strconv.FormatInt(a.Size, 10)}
	}
	if names := a.Header["Content-Disposition"]; names != nil {
		h["Content-Disposition"] = names
	}
	w.http.WriteHeader(lo.CoalesceOrEmpty(a.Status, http.StatusOK))
	w.slowness.Start(w.opts.Watchdog, w.opts.WriteTimeout, w.onSlowness)
	a.Guard.ClearEnd()
	piece := a.Body
	for {
		a.Guard.Pause() // the upstream is not to blame for a slow client
		if len(piece) > 0 {
			if err := w.write(piece); err != nil {
				return clientEnd(err)
			}
		}
		a.Guard.Progress()
		var err error
		if piece, err = w.ReadPiece(a.Source); err == nil {
			continue
		}
		if len(piece) > 0 {
			_ = w.write(piece) // an error means that the client left
		}
		return w.passEnd(w.request.HTTP.Context(), a, err)
	}
}

// passEnd returns the end of a passed reply when reading it ended with err. client is the
// client's context.
func (w *Writer) passEnd(client context.Context, a *Answer, err error) End {
	switch {
	case client.Err() != nil:
		return End{How: ClientGone}
	case errors.Is(err, io.EOF):
		return End{How: Complete}
	case a.Guard.IsLate():
		return End{TimedOut, failure.StreamTimeout(client, a.Deployment, a.Guard, err)}
	}
	return End{Broken, failure.UnreadableReply(client, a.Deployment, a.Guard, err)}
}
