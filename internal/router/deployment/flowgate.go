package deployment

import "net/http"

// ServerName is the value of the header Server in the embedded router's replies.
const ServerName = "flowgate"

// NoteServer remembers that the upstream is another embedded router when the header of its
// reply says so.
func (d *Deployment) NoteServer(header http.Header) {
	if name := header["Server"]; len(name) == 1 && name[0] == ServerName {
		d.isFlowGate.Store(true)
	}
}

// IsFlowGate reports whether the upstream turned out to be another embedded router, which
// recognizes the thinking in a conversation that it sent itself.
func (d *Deployment) IsFlowGate() bool { return d.isFlowGate.Load() }
