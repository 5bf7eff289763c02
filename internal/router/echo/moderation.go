package echo

import (
	"encoding/json"
	"strings"
)

// moderationReply is the reply to a moderations request.
type moderationReply struct {
	ID      string             `json:"id"`
	Model   string             `json:"model"`
	Results []moderationResult `json:"results"`
}

// moderationResult is the verdict on one text.
type moderationResult struct {
	Flagged        bool               `json:"flagged"`
	Categories     map[string]bool    `json:"categories"`
	CategoryScores map[string]float64 `json:"category_scores"`
}

// categories are the categories of the OpenAI API that the server knows.
var categories = [...]string{"harassment", "hate", "illicit", "self-harm", "sexual", "violence"}

// answerModerations answers POST /v1/moderations: a text is flagged for each category that it names.
func answerModerations(c *call) error {
	var inputs []json.RawMessage
	if json.Unmarshal(c.req.Input, &inputs) != nil {
		inputs = []json.RawMessage{c.req.Input}
	}
	if len(inputs) == 0 || len(c.req.Input) == 0 {
		return missingError("input")
	}
	reply := moderationReply{ID: "modr-" + c.digest, Model: c.req.Model}
	for _, input := range inputs {
		result := moderationResult{Categories: map[string]bool{}, CategoryScores: map[string]float64{}}
		for _, category := range categories {
			isNamed := strings.Contains(strings.ToLower(string(input)), category)
			result.Categories[category], result.CategoryScores[category] = isNamed, 0.01
			if isNamed {
				result.Flagged, result.CategoryScores[category] = true, 0.99
			}
		}
		reply.Results = append(reply.Results, result)
	}
	c.writeReply(reply)
	return nil
}
