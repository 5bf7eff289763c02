package router

import (
	"net/http"
	"sync"

	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/route"
	"github.com/flowgate-go/flowgate/internal/router/upstream"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// call is one request of a client and the steps of its path, each with its own
// state: accept, route, attempt, copy. Calls are pooled with their buffers.
type call struct {
	request  request.Request   // accept: what the client asks for
	loan     memory.Loan       // the bytes of memory that the call holds
	walk     route.Walk        // route and account: which deployments are asked
	exchange upstream.Exchange // attempt: the upstream's side
	writer   reply.Writer      // copy: the client's side

	group  *route.Group     // that the request asks for; nil when there is none
	holder *keylimit.Holder // whose limits count the request; nil: no named key's
	row    record.Request   // what is noted of the request; used only with a recorder
}

// maxPooledBuffer is the longest buffer, in bytes, that is kept for later calls.
const maxPooledBuffer = 1 << 20

// callPools holds the calls that no request uses. Calls with a long body's buffer are apart: a request
// with a short body would keep that buffer from the next long one, and from the garbage collector.
type callPools struct{ short, long sync.Pool }

// pick returns the pool of the calls for a body of size bytes.
func (p *callPools) pick(size int64) *sync.Pool {
	if size > request.SmallBody {
		return &p.long
	}
	return &p.short
}

// takeCall takes a call from its pool and prepares it for a request.
func (r *Router) takeCall(w http.ResponseWriter, req *http.Request, to *destination) *call {
	c, ok := r.calls.pick(req.ContentLength).Get().(*call)
	if !ok {
		c = new(call)
	}
	c.request.Reset(req, to.dialect, to.isStream)
	c.loan.Reset(&r.memory)
	c.writer.Reset(w, &c.request, &r.replies)
	c.exchange.Reset(&r.sender, &c.request, &c.writer, &c.loan)
	c.walk.Reset(&r.policy, &c.request, &c.exchange, &c.writer.Routing)
	c.group, c.holder = nil, nil
	return c
}

// endCall counts the end of a request, and hands what was noted of it to the recorder.
func (r *Router) endCall(c *call) {
	defer r.metrics.End()
	defer r.releaseCall(c)
	defer r.endRecord(c)
	if c.holder != nil {
		c.holder.End()
	}
}

// releaseCall returns a call to its pool. It leaves a call to the garbage collector when a buffer is
// too long, or when the Transport may still read the request's body, as RoundTripper's
// contract allows.
func (r *Router) releaseCall(c *call) {
	c.walk.Clear()
	c.loan.GiveBack()
	c.writer.Clear()
	c.exchange.Clear()
	if c.request.IsReusable(maxPooledBuffer) && c.writer.IsReusable(maxPooledBuffer) &&
		c.exchange.IsReusable(maxPooledBuffer) {
		c.request.HTTP = nil
		r.calls.pick(int64(c.request.BodyRoom())).Put(c)
	}
}

// servePost answers the routes whose requests have a body.
//
// What it calls until a reply is written has small frames: the stack of a connection's goroutine then has
// 8 KiB, and would else be copied to one of 16.
func (r *Router) servePost(w http.ResponseWriter, req *http.Request, to *destination) {
	if req.Method != http.MethodPost {
		refuseMethod(w, req, "POST")
		return
	}
	holder, ok := r.authorize(w, req, to)
	switch {
	case !ok:
	case to.isStream && req.URL.Query().Get("alt") != "sse":
		r.serveList(w, req, to, holder)
	default:
		r.serveCall(w, req, to, holder)
	}
}

// serveList answers a request for a stream whose events are the elements of a list.
func (r *Router) serveList(w http.ResponseWriter, req *http.Request, to *destination, holder *keylimit.Holder) {
	list := reply.NewListWriter(w)
	defer list.Close()
	r.serveCall(list, req, to, holder)
}

// serveCall answers an authorized request. A model that the path names takes precedence over the
// body's.
func (r *Router) serveCall(w http.ResponseWriter, req *http.Request, to *destination, holder *keylimit.Holder) {
	r.requests.Add(1)
	r.metrics.Begin()
	c := r.takeCall(w, req, to)
	defer r.endCall(c)
	now := r.policy.Now()
	r.beginRecord(c, clientName(holder), now)
	if holder != nil && !to.dialect.IsCounting() { // counting costs an upstream almost nothing
		if !c.begin(w, holder, now) {
			return
		}
		c.holder, c.request.NeedsWeight = holder, holder.CountsTokens()
	}
	if f := c.request.Accept(w, &r.reader, &c.loan, to.model); f != nil {
		c.fail(f)
		return
	}
	c.serve(w, to, holder)
}

// serve answers an accepted request, or refuses it when its models are not the holder's.
func (c *call) serve(w http.ResponseWriter, to *destination, holder *keylimit.Holder) {
	switch {
	case !c.checkModels(w, holder):
	case to.dialect.IsCounting():
		c.countTokens(w)
	default:
		c.answer()
	}
}

// answer finds a deployment that answers, copies its reply to the client, and counts
// how a stream ended.
func (c *call) answer() {
	g := c.walk.Group()
	if c.group = g; g == nil || c.request.ModelLiteral == nil {
		c.fail(c.walk.NoSuchModel())
		return
	}
	defer c.writer.Finish()
	c.writer.StartKeepAlive(c.walk.KeepAlive(g))
	a, f := c.walk.Answer(g)
	if f != nil {
		c.fail(f)
		return
	}
	end := c.writer.Deliver(a)
	if a.IsOpen() {
		c.walk.CountStream(a, end)
		c.noteEnd(end)
	}
	if a.IsPassed && end.How != reply.Complete {
		panic(http.ErrAbortHandler) // the end of the connection tells the client that the reply is not whole
	}
}
