package translate

// readMessagesTool reads an element of tools: a function, or a tool that Anthropic defines.
func (r *request) readMessagesTool(s *scan) {
	var t tool
	var kind []byte
	var unknown []string
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "name":
			t.name, _ = s.text()
		case "description":
			t.description, _ = s.text()
		case "input_schema":
			t.schema = s.raw()
		case "strict":
			t.strict = s.raw()
		case "cache_control":
			t.cache = r.readCacheControl(s, "tools.")
		default:
			unknown = append(unknown, string(key))
		}
	})
	if len(kind) > 0 && string(kind) != "custom" {
		r.dropTool(string(kind), t.name)
		return
	}
	for _, key := range unknown {
		r.drop("tools.", key)
	}
	r.tools = append(r.tools, t)
}

// dropTool leaves out a tool that only the provider can run. kind is its type.
func (r *request) dropTool(kind string, name []byte) {
	r.drop("tools.", kind)
	r.serverTools = append(r.serverTools, kind, string(name))
}

// readMessagesChoice reads tool_choice, which also says whether calls may be parallel.
func (r *request) readMessagesChoice(s *scan) {
	var kind []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "name":
			r.choice.name, _ = s.text()
		case "disable_parallel_tool_use":
			if string(s.raw()) == "true" {
				r.parallel = []byte("false")
			}
		default:
			r.drop("tool_choice.", string(key))
		}
	})
	switch string(kind) {
	case "auto":
		r.choice.mode = choiceAuto
	case "any":
		r.choice.mode = choiceRequired
	case "none":
		r.choice.mode = choiceNone
	case "tool":
		r.choice.mode = choiceTool
	default:
		r.refuse("tool_choice.type", "expected auto, any, none or tool")
	}
}
