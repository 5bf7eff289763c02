package deployment

import "net/http"

// ServerName is what a router of FlowGate's says of itself in the header Server.
const ServerName = "flowgate"

// NoteServer remembers whether the upstream is another router of FlowGate's, by the
// header of a reply.
func (d *Deployment) NoteServer(header http.Header) {
	if name := header["Server"]; len(name) == 1 && name[0] == ServerName {
		d.isFlowGate.Store(true)
	}
}

// IsFlowGate reports whether the upstream turned out to be another router of FlowGate's.
// That one knows which thinking in a conversation it gave itself.
func (d *Deployment) IsFlowGate() bool { return d.isFlowGate.Load() }
