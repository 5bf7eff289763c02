package agents

// Task is what an agent is told to do.
type Task struct {
	Prompt string
	Input  string // what stands on its standard input
	Image  string // a picture's file, which the agent shows to the model: Codex attaches it
	Want   string // what its answer must contain

	Thinking  string // what the thinking that it got must contain
	CompactAt int    // Codex: the tokens of a conversation after which it is summarised; 0: its own default
}
