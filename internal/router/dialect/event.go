package dialect

// DoneEvent is the last event of a stream in a dialect for which EndsWithDone is true.
const DoneEvent = "data: [DONE]\n\n"

// frame returns an event that consists of prefix, data and a blank line.
func frame(prefix string, data []byte) []byte {
	return append(append([]byte(prefix), data...), "\n\n"...)
}

// namedEvent returns an event whose data are an object with the event's name as its type and
// the given members, as JSON.
func namedEvent(name, members string) string {
	if members != "" {
		members = "," + members
	}
	return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + members + "}\n\n"
}
