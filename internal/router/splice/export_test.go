package splice

// FindTexts returns which texts findTexts finds: error", model", finish_reason", usage" or usageMetadata".
func FindTexts(data []byte) [4]bool {
	t := findTexts(data)
	return [...]bool{t.err, t.model, t.finish, t.usage}
}
