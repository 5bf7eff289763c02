package translate

import "bytes"

// geminiReader reads a request to models/M:generateContent. Like Google's servers, it takes
// each member by its name in camel case and in snake case.
type geminiReader struct {
	*request
	scan *scan

	callCount int                 // calls in the conversation so far
	waiting   map[string][][]byte // ids of calls by their function's name, in order
	answered  map[string]bool     // ids of calls that have their result

	hasThoughts bool // the content has parts that say what the model thought
	isRestored  bool // the content has a signature that carries thinking
}

// readGemini reads a request to models/M:generateContent, or to its stream.
func (r *request) readGemini(s *scan) {
	g := &geminiReader{request: r, scan: s, waiting: map[string][][]byte{}, answered: map[string]bool{}}
	r.stream = r.opts.Stream
	if !s.object(g.readMember) {
		r.refuse("body", "expected a JSON object")
	}
}

// readMember reads the member key of the request.
func (g *geminiReader) readMember(key []byte) {
	s := g.scan
	switch name := camelCase(key); string(name) {
	case "model": // the path names it
		s.raw()
	case "contents":
		if !s.array(g.readContent) {
			g.refuse(string(name), "expected a list")
		}
	case "systemInstruction":
		from := len(g.parts)
		g.readSystemInstruction()
		g.addToSystem(from)
	case "tools":
		s.array(g.readTool)
	case "toolConfig":
		g.readToolConfig()
	case "generationConfig":
		g.readGenerationConfig()
	case "cachedContent":
		if !isNull(s.raw()) {
			g.refuse(string(name), "only Google keeps contents for later requests; send the content itself")
		}
	default:
		if value := s.raw(); !isNull(value) && string(value) != "[]" && string(value) != "{}" {
			g.drop("", string(key))
		}
	}
}

// camelCase returns a member's name in camel case, which Google's documentation uses.
func camelCase(key []byte) []byte {
	if bytes.IndexByte(key, '_') < 0 {
		return key
	}
	name := make([]byte, 0, len(key))
	for i := 0; i < len(key); i++ {
		if key[i] == '_' && i > 0 && i+1 < len(key) && key[i+1] >= 'a' && key[i+1] <= 'z' {
			i++
			name = append(name, key[i]-'a'+'A')
			continue
		}
		name = append(name, key[i])
	}
	return name
}

// readSystemInstruction reads the system prompt: a string, or a content, whose role does
// not matter.
func (g *geminiReader) readSystemInstruction() {
	s := g.scan
	if s.kind() == '"' {
		if text, _ := s.text(); len(text) > 0 {
			g.parts = append(g.parts, part{text: text})
		}
		return
	}
	s.object(func(key []byte) {
		switch string(key) {
		case "parts":
			g.visitParts(func() {
				if p := g.readPart("systemInstruction.parts."); len(p.text) > 0 {
					g.parts = append(g.parts, part{text: p.text})
				}
			})
		case "role": // Google ignores it, too
		default:
			g.drop("systemInstruction.", string(key))
		}
	})
}

// visitParts calls visit for each part of the value that comes next: a list of parts, or
// one part.
func (g *geminiReader) visitParts(visit func()) {
	if g.scan.kind() == '{' {
		visit()
		return
	}
	g.scan.array(visit)
}

// readContent reads a message of the user or the model. Its parts may come before its role.
func (g *geminiReader) readContent() {
	var roleName []byte
	from := len(g.parts)
	g.hasThoughts, g.isRestored = false, false
	s := g.scan
	s.object(func(key []byte) {
		switch string(key) {
		case "role":
			roleName, _ = s.text()
		case "parts":
			g.visitParts(func() { g.addPart(g.readPart(partsPath)) })
		default:
			g.drop("contents.", string(key))
		}
	})
	if g.hasThoughts && !g.isRestored {
		g.drop(partsPath, "thought")
	}
	switch string(roleName) {
	case "model":
		g.closeTurn(assistantRole, from)
	case "user", "function", "tool", "":
		g.closeTurn(userRole, from)
	default:
		g.refuse("contents.role", "expected user or model")
	}
}

// readGenerationConfig reads the parameters and the format of the reply.
func (g *geminiReader) readGenerationConfig() {
	s := g.scan
	isJSON := false
	var schema []byte
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "maxOutputTokens":
			g.maxTokens = s.raw()
		case "thinkingConfig":
			g.readThinkingConfig()
		case "responseMimeType":
			kind, _ := s.text()
			isJSON = string(plainText(kind)) == "application/json"
			if !isJSON && len(kind) > 0 && string(plainText(kind)) != "text/plain" {
				g.drop(configPath, string(name))
			}
		case "responseSchema":
			if value := s.raw(); !isNull(value) {
				schema = appendJSONSchema(nil, value)
			}
		case "responseJsonSchema", "_responseJsonSchema":
			if value := s.raw(); !isNull(value) {
				schema = value
			}
		case "responseModalities":
			g.readModalities()
		case "candidateCount":
			if value := s.raw(); !isNull(value) && string(value) != "1" {
				g.dropParam(configPath + string(name))
			}
		default:
			if !g.readParam(s, name) && !isNull(s.raw()) {
				g.drop(configPath, string(key))
			}
		}
	})
	if isJSON {
		g.format = format{isObject: schema == nil, schema: schema}
	}
}

// configPath is the path of the parameters, with a dot at its end.
const configPath = "generationConfig."

// readThinkingConfig reads how much the model may think, and whether the client wants the
// thinking in the reply.
func (g *geminiReader) readThinkingConfig() {
	s := g.scan
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "includeThoughts":
			g.thoughts = string(s.raw()) == "true"
		case "thinkingBudget":
			switch budget := s.raw(); {
			case isNull(budget):
			case string(budget) == "0":
				g.effort.off = true
			default: // -1 leaves it to the model
				g.effort.member = configPath + "thinkingConfig"
				if n := wholeNumber(budget); n > 0 && g.effort.level == nil {
					g.effort.level = []byte(levelOf(n))
				}
			}
		case "thinkingLevel":
			g.readThinkingLevel()
		default:
			g.drop(configPath+"thinkingConfig.", string(key))
		}
	})
}

// readThinkingLevel reads the word for the effort, which takes precedence over a budget.
func (g *geminiReader) readThinkingLevel() {
	switch word, _ := g.scan.text(); string(word) {
	case "MINIMAL", "minimal":
		g.effort.level = []byte("minimal")
	case "LOW", "low":
		g.effort.level = []byte("low")
	case "MEDIUM", "medium":
		g.effort.level = []byte("medium")
	case "HIGH", "high":
		g.effort.level = []byte("high")
	default:
		return
	}
	g.effort.member = configPath + "thinkingConfig"
}

// readModalities reads the kinds of content that the client accepts. It refuses a request
// without text, and drops other kinds beside text.
func (g *geminiReader) readModalities() {
	hasText, otherCount := false, 0
	g.scan.array(func() {
		switch kind, _ := g.scan.text(); string(kind) {
		case "TEXT", "text", "Text":
			hasText = true
		default:
			otherCount++
		}
	})
	switch {
	case otherCount == 0:
	case hasText:
		g.drop(configPath, "responseModalities")
	default:
		g.refuse(configPath+"responseModalities", "the upstream answers with text only; ask for TEXT, or use a model "+
			"from Google")
	}
}
