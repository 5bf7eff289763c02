package echo

// The events of a Responses stream. Each has its type and its number in the
// stream, from 0.
type (
	responseEvent struct {
		Type           string        `json:"type"`
		SequenceNumber int           `json:"sequence_number"`
		Response       responseReply `json:"response"`
	}
	itemEvent struct {
		Type           string       `json:"type"`
		SequenceNumber int          `json:"sequence_number"`
		OutputIndex    int          `json:"output_index"`
		Item           responseItem `json:"item"`
	}
	partEvent struct {
		Type           string       `json:"type"`
		SequenceNumber int          `json:"sequence_number"`
		ItemID         string       `json:"item_id"`
		OutputIndex    int          `json:"output_index"`
		ContentIndex   int          `json:"content_index"`
		Part           responsePart `json:"part"`
	}
	// textEvent is a delta (Delta set) or the end of a text (Text set).
	textEvent struct {
		Type           string     `json:"type"`
		SequenceNumber int        `json:"sequence_number"`
		ItemID         string     `json:"item_id"`
		OutputIndex    int        `json:"output_index"`
		ContentIndex   int        `json:"content_index"`
		Delta          *string    `json:"delta,omitempty"`
		Text           *string    `json:"text,omitempty"`
		Logprobs       []struct{} `json:"logprobs"`
	}
	// argumentsEvent is a delta (Delta set) or the end of a call's arguments (the rest set).
	argumentsEvent struct {
		Type           string  `json:"type"`
		SequenceNumber int     `json:"sequence_number"`
		ItemID         string  `json:"item_id"`
		OutputIndex    int     `json:"output_index"`
		Delta          *string `json:"delta,omitempty"`
		Name           string  `json:"name,omitempty"`
		Arguments      *string `json:"arguments,omitempty"`
	}
	errorEvent struct {
		Type           string  `json:"type"`
		SequenceNumber int     `json:"sequence_number"`
		Code           string  `json:"code"`
		Message        string  `json:"message"`
		Param          *string `json:"param"`
	}
)

// responseStream is a stream that numbers its events.
type responseStream struct {
	*stream
	number int
}

// nextNumber returns the number of the event that is about to be sent.
func (rs *responseStream) nextNumber() int {
	rs.number++
	return rs.number - 1
}

// sendResponse sends an event of that type with the response.
func (rs *responseStream) sendResponse(kind string, r responseReply) {
	rs.send(kind, responseEvent{kind, rs.nextNumber(), r})
}

// sendItem sends an event of that type with an item.
func (rs *responseStream) sendItem(kind string, item responseItem) {
	rs.send(kind, itemEvent{Type: kind, SequenceNumber: rs.nextNumber(), Item: item})
}

// sendError sends an error event.
func (rs *responseStream) sendError(message string) {
	rs.send("error", errorEvent{Type: "error", SequenceNumber: rs.nextNumber(), Code: "server_error", Message: message})
}

// streamResponse sends the sequence that Codex and the SDKs wait for: created,
// in progress, the item with its parts and deltas, completed.
func (c *call) streamResponse(a answer) {
	rs := &responseStream{stream: c.beginStream()}
	rs.sendResponse("response.created", c.newResponseReply("in_progress"))
	rs.sendResponse("response.in_progress", c.newResponseReply("in_progress"))
	item := c.newResponseItem(a)
	rs.sendItem("response.output_item.added", item.withoutContent())
	sendContent := rs.sendText
	if a.tool != nil {
		sendContent = rs.sendArguments
	}
	if !sendContent(item, a) {
		return
	}
	rs.sendItem("response.output_item.done", item)
	rs.sendResponse("response.completed", c.newCompletedResponse(a))
}

// sendText sends the one part of a message, and reports whether the stream goes on.
func (rs *responseStream) sendText(item responseItem, a answer) bool {
	sendPart := func(kind, text string) {
		rs.send(kind, partEvent{Type: kind, SequenceNumber: rs.nextNumber(), ItemID: item.ID, Part: newTextPart(text)})
	}
	sendEvent := func(kind string, delta, text *string) {
		rs.send(kind, textEvent{
			Type: kind, SequenceNumber: rs.nextNumber(), ItemID: item.ID, Delta: delta, Text: text,
			Logprobs: []struct{}{},
		})
	}
	sendPart("response.content_part.added", "")
	sendPiece := func(piece string) { sendEvent("response.output_text.delta", &piece, nil) }
	if !rs.sendDeltas(a.text, sendPiece, rs.sendError) {
		return false
	}
	sendEvent("response.output_text.done", nil, &a.text)
	sendPart("response.content_part.done", a.text)
	return true
}

// sendArguments sends the arguments of a function call, and reports whether the stream goes on.
func (rs *responseStream) sendArguments(item responseItem, a answer) bool {
	sendEvent := func(kind string, delta, arguments *string, name string) {
		rs.send(kind, argumentsEvent{
			Type: kind, SequenceNumber: rs.nextNumber(), ItemID: item.ID, Delta: delta, Arguments: arguments,
			Name: name,
		})
	}
	sendPiece := func(piece string) { sendEvent("response.function_call_arguments.delta", &piece, nil, "") }
	if !rs.sendDeltas(a.tool.arguments, sendPiece, rs.sendError) {
		return false
	}
	sendEvent("response.function_call_arguments.done", nil, &a.tool.arguments, a.tool.name)
	return true
}
