package translate

import (
	"bytes"
	"strconv"
)

// appendConverse appends the request in the form of Amazon Bedrock's Converse and
// ConverseStream, which name the model and ask for a stream in the path.
func (r *request) appendConverse(dst []byte) []byte {
	r.checkChoice()
	limit, isGiven := wholeNumber(r.maxTokens), !isNull(r.maxTokens)
	if !isGiven {
		if limit = r.opts.MaxTokens; limit <= 0 {
			limit = defaultMaxTokens
		}
	}
	schema := r.format.schema
	r.format.schema = nil // it has a place of its own
	fields := r.appendModelFields([]byte{'{'}, limit)
	dst = append(dst, `{"messages":[`...)
	dst = append(r.appendMessagesTurns(dst), ']')
	if system := r.parts[r.system.from:r.system.to]; len(system) > 0 {
		dst = append(appendKey(dst, "system"), '[')
		for i := range system {
			dst = r.appendCachedBlock(dst, &system[i])
		}
		dst = append(dst, ']')
	}
	dst = append(appendKey(dst, "inferenceConfig"), '{')
	switch {
	case isGiven:
		dst = appendMember(dst, "maxTokens", r.maxTokens)
	case r.opts.MaxTokens > 0 || bytes.Contains(fields, []byte(`"budget_tokens":`)):
		dst = appendNumberMember(dst, "maxTokens", limit)
	}
	dst = append(r.appendParams(dst), '}')
	dst = r.appendConverseTools(dst)
	if len(fields) > 1 {
		dst = append(appendMember(dst, "additionalModelRequestFields", fields), '}')
	}
	if schema != nil {
		dst = r.appendTextFormat(dst, schema)
	}
	return append(dst, '}')
}

// appendModelFields appends the members that only some models take: those of Anthropic's
// own interface for Claude, and an effort. limit is how many tokens the reply may have.
func (r *request) appendModelFields(dst []byte, limit int) []byte {
	if !r.opts.Claude {
		if string(r.parallel) == "false" {
			r.drop("", "parallel_tool_calls")
		}
		if r.format.isObject {
			r.dropParam(r.formatMember())
		}
		return r.appendEffort(dst)
	}
	before := len(dst)
	dst = r.appendThinking(dst, limit)
	if len(dst) > before && bytes.HasPrefix(dst[before:], []byte(`"thinking":`)) {
		r.dropTemperature(append([]byte{','}, dst[before:]...))
	}
	if value := r.params[topK]; !isNull(value) {
		dst, r.params[topK] = appendMember(dst, "top_k", value), nil
	}
	if string(r.parallel) == "false" && len(r.tools) > 0 {
		dst = append(appendKey(dst, "tool_choice"), `{"disable_parallel_tool_use":true}`...)
	}
	return dst
}

// appendTextFormat appends the schema that the reply must have. Bedrock wants it as a string.
func (r *request) appendTextFormat(dst, schema []byte) []byte {
	dst = append(appendKey(dst, "outputConfig"),
		`{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"`...)
	dst = append(appendEscaped(dst, onOneLine(schema)), '"')
	if len(r.format.name) > 0 {
		dst = appendTextMember(dst, "name", r.format.name)
	}
	return append(dst, `}}}}`...)
}

// appendConverseBlock appends a block of a message. It leaves out thinking that came from
// an upstream of another dialect.
func (r *request) appendConverseBlock(dst []byte, p *part) []byte {
	switch p.kind {
	case imagePart, filePart:
		r.checkPart(p)
		return r.appendConverseFile(dst, p)
	case thinkingPart:
		signature, ok := unmarkSignature(messagesSignature, p.id)
		if !ok {
			r.dropThinking()
			return dst
		}
		dst = appendText(append(appendComma(dst), `{"reasoningContent":{"reasoningText":{"text":`...), p.text)
		return append(appendTextMember(dst, "signature", signature), `}}}`...)
	case redactedPart:
		data, ok := unmarkSignature(redactedSignature, p.id)
		if !ok {
			r.dropThinking()
			return dst
		}
		return append(appendText(append(appendComma(dst), `{"reasoningContent":{"redactedContent":`...), data), `}}`...)
	case callPart:
		dst = append(appendComma(dst), `{"toolUse":{`...)
		dst = appendTextMember(dst, "toolUseId", converseID(p.id))
		dst = appendTextMember(dst, "name", r.upstreamName(p.namespace, p.name, p.custom))
		return append(r.appendInput(appendKey(dst, "input"), p), `}}`...)
	case resultPart:
		return r.appendConverseResult(dst, p)
	}
	return append(appendText(append(appendComma(dst), `{"text":`...), p.text), '}')
}

// converseID returns the id of a call as Bedrock takes it: of at most 64 letters, digits,
// '_' and '-'. A call and its result get the same one.
func converseID(id []byte) []byte {
	if len(id) > 0 && isToolName(id) {
		return id
	}
	return shortenName(plainText(id))
}

// appendConverseResult appends the result of a call. Only some models take its status, so
// the text says it, too.
func (r *request) appendConverseResult(dst []byte, p *part) []byte {
	dst = append(appendComma(dst), `{"toolResult":{`...)
	dst = append(appendTextMember(dst, "toolUseId", converseID(p.id)), `,"content":[`...)
	inner := r.result(p)
	marked := !p.isError || r.opts.Claude
	for i := range inner {
		if !marked && inner[i].kind == textPart {
			marked = true
			dst = append(appendComma(dst), `{"text":"`...)
			if !bytes.HasPrefix(inner[i].text, []byte("Error")) {
				dst = append(dst, "Error: "...)
			}
			dst = append(append(dst, inner[i].text...), `"}`...)
			continue
		}
		dst = r.appendConverseBlock(dst, &inner[i])
	}
	switch {
	case !marked || len(inner) == 0 && p.isError:
		dst = append(appendComma(dst), `{"text":"Error: the tool failed"}`...)
	case len(inner) == 0:
		dst = append(dst, `{"text":" "}`...) // Bedrock refuses a result without content
	}
	dst = append(dst, ']')
	if p.isError && r.opts.Claude {
		dst = append(dst, `,"status":"error"`...)
	}
	return append(dst, `}}`...)
}

// converseFormat returns Bedrock's name of the format of an image or a document; empty for a
// type that Bedrock does not take.
func converseFormat(media string) string {
	switch media {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return media[len("image/"):]
	case "image/jpg":
		return "jpeg"
	case "text/csv", "text/html":
		return media[len("text/"):]
	case "text/plain":
		return "txt"
	case "text/markdown":
		return "md"
	case "application/pdf":
		return "pdf"
	case "application/msword":
		return "doc"
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		return "docx"
	case "application/vnd.ms-excel":
		return "xls"
	case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return "xlsx"
	}
	return ""
}

// appendConverseFile appends an image or a document, whose data must be in the request.
func (r *request) appendConverseFile(dst []byte, p *part) []byte {
	kind, member := "image", "image"
	if p.kind == filePart {
		kind, member = "document", "document"
	}
	format := converseFormat(string(p.media))
	switch {
	case p.media == nil:
		r.refuse(member, "Bedrock takes no addresses of images and documents; send the data in base64")
	case format == "":
		r.refuse(member, "Bedrock does not take the type "+string(p.media))
	}
	if len(p.id) > 0 && string(p.id) != "auto" && p.kind == imagePart {
		r.dropDetail()
	}
	dst = append(append(appendComma(dst), `{"`...), kind...)
	dst = append(appendTextMember(append(dst, `":{`...), "format", []byte(format)), ',')
	if p.kind == filePart {
		r.documents++
		dst = append(appendText(append(dst, `"name":`...), documentName(p.name, r.documents)), ',')
	}
	return append(appendText(append(dst, `"source":{"bytes":`...), p.text), `}}}`...)
}

// documentName returns the name of the nth document of a request. Bedrock wants each name
// once, and takes letters, digits, spaces, hyphens, parentheses and square brackets in it.
func documentName(name []byte, n int) []byte {
	clean := bytes.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '(', c == ')':
			return c
		}
		return '-'
	}, plainText(name))
	if len(clean) == 0 {
		clean = []byte("document")
	}
	const maxName = 100
	clean = clean[:min(len(clean), maxName)]
	if n > 1 {
		clean = strconv.AppendInt(append(clean, '-'), int64(n), 10)
	}
	return clean
}
