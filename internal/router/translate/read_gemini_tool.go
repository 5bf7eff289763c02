package translate

import (
	"bytes"
	"strconv"
)

// readTool reads an element of tools: declarations of functions, or a tool that Google
// runs itself.
func (g *geminiReader) readTool() {
	s := g.scan
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "functionDeclarations":
			s.array(g.readDeclaration)
		default:
			if value := s.raw(); !isNull(value) {
				g.dropTool(string(key), name)
			}
		}
	})
}

// readDeclaration reads a function that the model may call. Its schema is in Google's own
// form, or is JSON Schema in another member.
func (g *geminiReader) readDeclaration() {
	var t tool
	s := g.scan
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "name":
			t.name, _ = s.text()
		case "description":
			t.description, _ = s.text()
		case "parameters":
			if value := s.raw(); !isNull(value) && t.schema == nil {
				t.schema = appendJSONSchema(nil, value)
			}
		case "parametersJsonSchema":
			if value := s.raw(); !isNull(value) {
				t.schema = value
			}
		default: // behavior, response, responseJsonSchema
			if !isNull(s.raw()) {
				g.drop("tools.functionDeclarations.", string(key))
			}
		}
	})
	g.tools = append(g.tools, t)
}

// readToolConfig reads whether the model may or must call functions.
func (g *geminiReader) readToolConfig() {
	s := g.scan
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "functionCallingConfig":
			g.readCallingConfig()
		default:
			if !isNull(s.raw()) {
				g.drop("toolConfig.", string(key))
			}
		}
	})
}

// readCallingConfig reads the mode of calls, and which functions are allowed. With the
// mode ANY, a list of one function forces that function; any other list is dropped.
func (g *geminiReader) readCallingConfig() {
	const path = "toolConfig.functionCallingConfig."
	var mode []byte
	var allowed [][]byte
	s := g.scan
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "mode":
			mode, _ = s.text()
		case "allowedFunctionNames":
			s.array(func() {
				if text, ok := s.text(); ok {
					allowed = append(allowed, text)
				}
			})
		default:
			if !isNull(s.raw()) {
				g.drop(path, string(key))
			}
		}
	})
	switch string(bytes.ToUpper(mode)) {
	case "", "MODE_UNSPECIFIED":
	case "AUTO", "VALIDATED":
		g.choice.mode = choiceAuto
	case "NONE":
		g.choice.mode = choiceNone
	case "ANY":
		g.choice.mode = choiceRequired
	default:
		g.refuse(path+"mode", "expected AUTO, ANY, VALIDATED or NONE")
	}
	switch {
	case len(allowed) == 1 && g.choice.mode == choiceRequired:
		g.choice.mode, g.choice.name = choiceTool, allowed[0]
	case len(allowed) > 0:
		g.drop(path, "allowedFunctionNames")
	}
}

// appendJSONSchema appends a schema in Google's own form as JSON Schema: it writes types in
// lower case, nullable as a further type, and limits as numbers instead of strings.
func appendJSONSchema(dst, schema []byte) []byte {
	if len(schema) == 0 || schema[0] != '{' {
		return append(dst, schema...)
	}
	var kind []byte
	isNullable := false
	s := &scan{doc: schema}
	dst = append(dst, '{')
	s.object(func(key []byte) {
		switch name := camelCase(key); string(name) {
		case "type":
			kind = s.raw()
		case "nullable":
			isNullable = string(s.raw()) == "true"
		case "propertyOrdering":
			s.raw()
		case "properties", "defs", "$defs":
			dst = appendJSONSchemas(appendKey(dst, string(name)), s.raw())
		case "items", "additionalProperties":
			dst = appendJSONSchema(appendKey(dst, string(name)), s.raw())
		case "anyOf", "prefixItems", "oneOf", "allOf":
			dst = append(appendKey(dst, string(name)), '[')
			s.array(func() { dst = appendJSONSchema(appendComma(dst), s.raw()) })
			dst = append(dst, ']')
		case "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties":
			dst = appendMember(dst, string(name), unquotedNumber(s.raw()))
		default:
			dst = appendText(appendComma(dst), appendEscaped(nil, key))
			dst = append(append(dst, ':'), s.raw()...)
		}
	})
	return append(appendType(dst, kind, isNullable), '}')
}

// appendType appends the member type of a schema.
func appendType(dst, kind []byte, isNullable bool) []byte {
	if len(kind) < 2 || kind[0] != '"' { // a list of types is JSON Schema already
		if len(kind) > 0 {
			dst = appendMember(dst, "type", kind)
		}
		return dst
	}
	kind = bytes.ToLower(kind)
	switch {
	case string(kind) == `"type_unspecified"`:
		return dst
	case isNullable:
		return append(append(append(appendKey(dst, "type"), '['), kind...), `,"null"]`...)
	}
	return appendMember(dst, "type", kind)
}

// appendJSONSchemas appends an object whose members are schemas in Google's own form.
func appendJSONSchemas(dst, object []byte) []byte {
	dst = append(dst, '{')
	s := &scan{doc: object}
	s.object(func(key []byte) {
		dst = append(appendText(appendComma(dst), appendEscaped(nil, key)), ':')
		dst = appendJSONSchema(dst, s.raw())
	})
	return append(dst, '}')
}

// unquotedNumber returns a whole number without quotes: in Google's JSON, 64-bit numbers
// are strings.
func unquotedNumber(value []byte) []byte {
	if text, err := strconv.Unquote(string(value)); err == nil && wholeNumber([]byte(text)) >= 0 {
		return []byte(text)
	}
	return value
}
