package dialect

// DoneEvent ends the streams of dialects that EndsWithDone.
const DoneEvent = "data: [DONE]\n\n"

// frame returns data as one event that begins with prefix.
func frame(prefix string, data []byte) []byte {
	return append(append([]byte(prefix), data...), "\n\n"...)
}

// namedEvent returns an event whose data repeat its name as their type.
func namedEvent(name, members string) string {
	if members != "" {
		members = "," + members
	}
	return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + members + "}\n\n"
}
