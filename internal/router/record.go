package router

import (
	"net/http"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// beginRecord begins to note what becomes of a request that came at the moment now, if anybody wants to know.
func (r *Router) beginRecord(c *call, client string, now time.Time) {
	if r.recorder == nil {
		return
	}
	userAgent := first(c.request.HTTP.Header["User-Agent"])
	c.row = record.Request{Start: now, ID: c.request.ID, Client: client, Status: http.StatusOK,
		Route: c.request.Dialect.String(), UserAgent: record.Clean(userAgent, record.MaxAgent)}
	c.walk.Record(&c.row)
}

// endRecord hands what was noted of a request to the recorder.
func (r *Router) endRecord(c *call) {
	if r.recorder == nil {
		return
	}
	row, q := &c.row, &c.request
	c.walk.FinishRecord(c.group)
	row.Requested, row.Streamed = record.Clean(q.Model, record.MaxModel), q.Stream
	header := q.HTTP.Header // its names are in their canonical form, which Get would look at again
	row.Session = record.Clean(affinity.SessionOf(header, &q.Marks), record.MaxSession)
	row.TraceParent = record.Clean(first(header["Traceparent"]), record.MaxTraceParent)
	row.AgentID = record.Clean(first(header["X-Claude-Code-Agent-Id"]), record.MaxSession)
	sent, isCut := c.writer.Sent()
	row.RequestBytes, row.ReplyBytes = int64(q.BodySize()), sent
	if isCut && row.Class == "" {
		row.Status, row.Class = record.StatusClientGone, record.ClassClientGone
	}
	row.Duration = r.policy.Now().Sub(row.Start)
	r.recorder(row)
	c.row = record.Request{} // a call in the pool keeps no texts of it
}

// first returns the first value of a header; empty when there is none.
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// fail answers the client with an error, and notes it.
func (c *call) fail(f *failure.Failure) {
	c.noteFailure(f)
	c.writer.Fail(f)
}

// noteFailure notes why the client got no good reply.
func (c *call) noteFailure(f *failure.Failure) {
	c.row.Status, c.row.Class = f.Status, lo.CoalesceOrEmpty(f.Class, f.Kind)
	if f.ClientGone {
		c.row.Status, c.row.Class = record.StatusClientGone, record.ClassClientGone
	}
}

// noteEnd notes how a stream ended.
func (c *call) noteEnd(end reply.End) {
	switch {
	case end.How == reply.ClientGone || end.How == reply.ClientSlow:
		c.row.Status, c.row.Class = record.StatusClientGone, record.ClassClientGone
	case end.Failure != nil:
		c.noteFailure(end.Failure)
	}
}
