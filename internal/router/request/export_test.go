package request

// PromptBytes returns the length of a part of a prompt, as the local estimate counts it.
func PromptBytes(part []byte) int { return promptBytes("", part, maxEstimateDepth) }
