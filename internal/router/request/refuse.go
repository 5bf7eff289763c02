package request

import (
	"net/http"
	"time"
)

// refusedBodyTimeout is how long a client may go on sending the body of a request
// that was answered already.
const refusedBodyTimeout = time.Second

// RefuseBody lets the answer go out at once although the request's body was not
// read, and ends the connection after it. Otherwise net/http would read the body
// before it sends the answer.
func RefuseBody(w http.ResponseWriter, req *http.Request) {
	if req.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	// not every connection has deadlines
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(refusedBodyTimeout))
}
