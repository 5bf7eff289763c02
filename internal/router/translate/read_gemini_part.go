package translate

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// partsPath is the path of a content's parts, with a dot at its end.
const partsPath = "contents.parts."

// geminiPart is a part as it was read. It has one of text, call, result, inline and file.
type geminiPart struct {
	text                       []byte
	call, result, inline, file []byte // raw
	signature                  []byte
	isThought                  bool
}

// readPart reads a part. It drops unknown members, whose names follow path.
func (g *geminiReader) readPart(path string) (p geminiPart) {
	s := g.scan
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "text":
			p.text, _ = s.text()
		case "functionCall":
			p.call = s.raw()
		case "functionResponse":
			p.result = s.raw()
		case "inlineData":
			p.inline = s.raw()
		case "fileData":
			p.file = s.raw()
		case "thought":
			p.isThought = string(s.raw()) == "true"
		case "thoughtSignature":
			p.signature, _ = s.text()
		default:
			if !isNull(s.raw()) {
				g.drop(path, string(key))
			}
		}
	})
	return p
}

// addPart adds a part to the conversation, after the thinking that its signature carries.
func (g *geminiReader) addPart(p geminiPart) {
	g.addThinking(p.signature)
	switch {
	case !isNull(p.call):
		g.addCall(p.call)
	case !isNull(p.result):
		g.addResult(p.result)
	case !isNull(p.inline):
		g.addData(p.inline, partsPath+"inlineData", func(p part) { g.parts = append(g.parts, p) })
	case !isNull(p.file):
		g.addFile(p.file)
	case p.isThought: // the signature of the next part carries what the upstream needs of it
		g.hasThoughts = true
	case len(p.text) > 0:
		g.parts = append(g.parts, part{text: p.text})
	}
}

// addCall adds a call that the model made earlier in the conversation. Google's calls need
// no id: one without gets its number as the id, which is the same in every request of a
// conversation.
func (g *geminiReader) addCall(call []byte) {
	p := part{kind: callPart, isJSON: true, text: []byte("{}")}
	s := &scan{doc: call}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			p.id, _ = s.text()
		case "name":
			p.name, _ = s.text()
		case "args":
			if value := s.raw(); len(value) > 0 && value[0] == '{' {
				p.text = value
			}
		default:
			g.drop(partsPath+"functionCall.", string(key))
		}
	})
	if len(p.id) == 0 {
		p.id = strconv.AppendInt([]byte("call_"), int64(g.callCount), 10)
	}
	g.callCount++
	g.waiting[string(p.name)] = append(g.waiting[string(p.name)], p.id)
	g.parts = append(g.parts, p)
}

// takeCallID returns the id of the call that a result answers, and notes that the call has
// its result. A result without an id answers the first call of its function that has no
// result yet.
func (g *geminiReader) takeCallID(id, name []byte) []byte {
	for waiting := g.waiting[string(name)]; len(id) == 0 && len(waiting) > 0; waiting = g.waiting[string(name)] {
		if !g.answered[string(waiting[0])] {
			id = waiting[0]
		}
		g.waiting[string(name)] = waiting[1:]
	}
	if len(id) == 0 {
		g.refuse(partsPath+"functionResponse.name", "there is no call of the function "+string(name)+" without a result")
	}
	g.answered[string(id)] = true
	return id
}

// addResult adds the result of a call.
func (g *geminiReader) addResult(result []byte) {
	p := part{kind: resultPart, inner: span{len(g.inner), len(g.inner)}}
	var id, name, response, parts []byte
	s := &scan{doc: result}
	s.object(func(key []byte) {
		switch string(key) {
		case "id":
			id, _ = s.text()
		case "name":
			name, _ = s.text()
		case "response":
			response = s.raw()
		case "parts":
			parts = s.raw()
		default:
			g.drop(partsPath+"functionResponse.", string(key))
		}
	})
	p.id = g.takeCallID(id, name)
	var text []byte
	text, p.isError = resultText(response)
	g.addInner(part{text: text})
	if len(parts) > 0 {
		s := &scan{doc: parts}
		s.array(func() {
			s.object(func(key []byte) {
				const path = partsPath + "functionResponse.parts."
				if string(camelCase(key)) == "inlineData" {
					g.addData(s.raw(), path+"inlineData", g.addInner)
				} else {
					g.drop(path, string(key))
				}
			})
		})
	}
	p.inner.to = len(g.inner)
	g.parts = append(g.parts, p)
}

// resultText returns the result of a function as a text, and whether it is an error. By
// Google's convention, the member output holds the result, or the member error says what
// went wrong; result stands for output as well. A response of another form is returned
// as a whole.
func resultText(response []byte) (text []byte, isError bool) {
	members := 0
	var output, errorValue []byte
	s := &scan{doc: response}
	s.object(func(key []byte) {
		members++
		switch string(key) {
		case "output", "result":
			output = s.raw()
		case "error":
			errorValue = s.raw()
		}
	})
	switch {
	case members == 1 && len(output) > 0 && output[0] == '"':
		return output[1 : len(output)-1], false
	case members == 1 && len(errorValue) > 0 && errorValue[0] == '"':
		return errorValue[1 : len(errorValue)-1], true
	case isNull(response):
		return nil, false
	}
	return appendEscaped(nil, response), !isNull(errorValue) && string(errorValue) != "{}"
}

// addData calls add with an image, a document or a text whose data is in the request.
func (g *geminiReader) addData(inline []byte, path string, add func(part)) {
	var media, data, name []byte
	s := &scan{doc: inline}
	s.object(func(key []byte) {
		switch string(camelCase(key)) {
		case "mimeType":
			media, _ = s.text()
		case "data":
			data, _ = s.text()
		case "displayName":
			name, _ = s.text()
		default:
			g.drop(path+".", string(key))
		}
	})
	data = standardBase64(plainText(data))
	media = bytes.Clone(plainText(media))
	switch {
	case bytes.HasPrefix(media, []byte("image/")):
		add(part{kind: imagePart, media: media, text: data})
	case string(media) == "application/pdf":
		add(part{kind: filePart, media: media, text: data, name: name})
	case bytes.HasPrefix(media, []byte("text/")), string(media) == "application/json":
		plain, err := base64.StdEncoding.DecodeString(string(data))
		if err != nil {
			g.refuse(path+".data", "the data is not valid base64")
			return
		}
		add(part{text: escapeString(string(plain))})
	default:
		g.refuse(path, "data of the type "+string(media)+" cannot be sent to the upstream; use a model from Google")
	}
}

// standardBase64 returns data in the standard alphabet of base64 and with padding, as other
// dialects need it: Google also takes the URL-safe alphabet and data without padding.
func standardBase64(data []byte) []byte {
	missing := -len(data) & 3
	if !bytes.ContainsAny(data, "-_") && missing == 0 {
		return escapeIfNeeded(data)
	}
	data = bytes.Map(func(c rune) rune {
		switch c {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return c
	}, data)
	return escapeIfNeeded(append(data, "==="[:missing]...))
}

// escapeIfNeeded returns plain as a text: plain itself when it needs no escapes.
func escapeIfNeeded(plain []byte) []byte {
	for _, c := range plain {
		if c < ' ' || c == '"' || c == '\\' {
			return appendEscaped(nil, plain)
		}
	}
	return plain
}

// addFile adds an image or a document that the request gives by its address.
func (g *geminiReader) addFile(file []byte) {
	const path = partsPath + "fileData"
	var media, address []byte
	s := &scan{doc: file}
	s.object(func(key []byte) {
		switch string(camelCase(key)) {
		case "mimeType":
			media, _ = s.text()
		case "fileUri":
			address, _ = s.text()
		default:
			g.drop(path+".", string(key))
		}
	})
	plain := plainText(address)
	switch isImage := bytes.HasPrefix(plainText(media), []byte("image/")); {
	case !bytes.HasPrefix(plain, []byte("https://")) && !bytes.HasPrefix(plain, []byte("http://")),
		bytes.Contains(plain, []byte("googleapis.com/")):
		g.refuse(path+".fileUri", "only Google can read this file; send its data as inlineData")
	case isImage:
		g.parts = append(g.parts, part{kind: imagePart, text: address})
	case string(plainText(media)) == "application/pdf":
		g.parts = append(g.parts, part{kind: filePart, text: address})
	default:
		g.refuse(path, "a file of the type "+string(media)+" cannot be sent to the upstream; use a model from Google")
	}
}
