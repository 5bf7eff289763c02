package agents

// Task is what an agent is told to do.
type Task struct {
	Prompt string
	Input  string // what stands on its standard input
	Image  string // a picture's file, which the agent shows to the model: Codex attaches it, the others read it
	Want   string // what its answer must contain

	Thinking  string // what the thinking that it got must contain; Gemini CLI prints none of its own
	CompactAt int    // the tokens of a conversation after which Codex and Claude Code summarise it; 0: their own default
}
