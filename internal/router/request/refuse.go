package request

import (
	"net/http"
	"time"
)

// refusedBodyTimeout is how long a client may continue to send the body of a request that
// was answered already.
const refusedBodyTimeout = time.Second

// RefuseBody makes net/http send the reply soon although the request's body was not read,
// and close the connection after it. Otherwise net/http would wait for the body before it
// sends the reply.
func RefuseBody(w http.ResponseWriter, req *http.Request) {
	if req.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	// not every connection has deadlines
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(refusedBodyTimeout))
}
