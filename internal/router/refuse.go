package router

import (
	"net/http"
	"time"
)

// refusedPatience is how long a client may go on sending the body of a request
// that was answered already.
const refusedPatience = time.Second

// refuseBody has the answer go out at once though the request's body was not
// read, and ends the connection after it. Otherwise net/http waits for the body
// before it sends the answer.
func refuseBody(w http.ResponseWriter, req *http.Request) {
	if req.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(refusedPatience)) // not every connection has deadlines
}
