package router

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/listen"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// authorize checks the request's key. It answers 401 or 403 itself, and returns false, when the key
// is not valid, or not for the route. holder is nil for the gateway key.
func (r *Router) authorize(w http.ResponseWriter, req *http.Request, to *destination) (
	holder *keylimit.Holder, ok bool) {
	holder, refusal := r.access.CheckKey(req, r.policy.Now())
	if refusal == nil && holder != nil {
		refusal = holder.CheckRoute(to.path, isOwnersPath(to.path))
	}
	if refusal != nil {
		if refusal.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		request.RefuseBody(w, req)
		writeRefusal(w, request.CallID(req), to.dialect, refusal)
		return nil, false
	}
	listen.MarkAuthorized(req)
	return holder, true
}

// clientName returns the name of the client in records: that of its key.
func clientName(holder *keylimit.Holder) string {
	if holder == nil {
		return record.Gateway
	}
	return holder.Name()
}

// isOwnersPath reports whether a named key may ask for a path only when it names the path: what is
// there tells about other clients.
func isOwnersPath(path string) bool { return path == state.Path || path == MetricsPath }

// writeRefusal writes why a key may not be used.
func writeRefusal(w http.ResponseWriter, callID string, d dialect.Dialect, f *keylimit.Refusal) {
	w.Header()["X-Litellm-Call-Id"] = []string{callID}
	maps.Copy(w.Header(), f.Header)
	reply.WriteError(w, d, f.Status, dialect.Error{Message: f.Message, Type: f.Type, Param: f.Param,
		IsOwn: f.Type == keylimit.BudgetExceeded})
}

// holderKey is the key of the holder in the context of a GET request.
type holderKey struct{}

// serveGet answers a route that needs a key and has no body.
func (r *Router) serveGet(w http.ResponseWriter, req *http.Request, to *destination) {
	to.dialect = dialect.Chat
	holder, ok := r.authorize(w, req, to)
	if !ok {
		return
	}
	if holder != nil && holder.IsRestricted() {
		req = req.WithContext(context.WithValue(req.Context(), holderKey{}, holder))
	}
	to.get(r, w, req)
}

// catalogFor returns the catalog of the models that the sender of a request may ask for.
func (r *Router) catalogFor(req *http.Request) *catalog.Catalog {
	if holder, ok := req.Context().Value(holderKey{}).(*keylimit.Holder); ok {
		return r.catalog.Filter(holder.AllowsModel)
	}
	return r.catalog
}

// begin counts a request of a named key. It answers 429, and returns false, when one of the limits of
// the key is reached.
func (c *call) begin(w http.ResponseWriter, holder *keylimit.Holder, now time.Time) bool {
	refusal := holder.Begin(now, w.Header())
	if refusal == nil {
		return true
	}
	request.RefuseBody(w, c.request.HTTP)
	c.refuse(w, refusal)
	return false
}

// refuse answers a request whose key may not be used for it, and notes that.
func (c *call) refuse(w http.ResponseWriter, f *keylimit.Refusal) {
	c.row.Status, c.row.Class = f.Status, f.Type
	writeRefusal(w, c.request.ID, c.request.Dialect, f)
}

// checkModels answers 403, and returns false, when a named key may not ask for the models that the
// request names.
func (c *call) checkModels(w http.ResponseWriter, holder *keylimit.Holder) bool {
	if holder == nil || !holder.IsRestricted() {
		return true
	}
	g := c.walk.Group() // it may set the model
	names := [...]string{c.request.Model, c.request.Model}
	if g != nil {
		names[1] = g.Name
	}
	refusal := holder.CheckModels(names[:], c.request.Control.Fallbacks)
	if refusal == nil {
		return true
	}
	c.refuse(w, refusal)
	return false
}
