package echo

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// rankReply is the reply to a rerank request, in Cohere's form.
type rankReply struct {
	ID      string       `json:"id"`
	Model   string       `json:"model"`
	Results []rankResult `json:"results"`
	Meta    rankMeta     `json:"meta"`
}

// rankResult is one document with its score.
type rankResult struct {
	Index          int           `json:"index"`
	RelevanceScore float64       `json:"relevance_score"`
	Document       *rankDocument `json:"document,omitempty"`
}

// rankDocument is a document as text.
type rankDocument struct {
	Text string `json:"text"`
}

// rankMeta is what a request is billed for.
type rankMeta struct {
	BilledUnits struct {
		SearchUnits int `json:"search_units"`
	} `json:"billed_units"`
}

// answerRerank answers POST /v1/rerank: the score of a document is the share of the query's
// words that are in it.
func answerRerank(c *call) error {
	words := strings.Fields(strings.ToLower(c.req.Query))
	switch {
	case len(words) == 0:
		return missingError("query")
	case len(c.req.Documents) == 0:
		return missingError("documents")
	case c.req.TopN < 0:
		return errors.New("top_n must not be negative")
	}
	reply := rankReply{ID: "rerank-" + c.digest, Model: c.req.Model}
	reply.Meta.BilledUnits.SearchUnits = 1
	for i, raw := range c.req.Documents {
		var d rankDocument
		if json.Unmarshal(raw, &d.Text) != nil && json.Unmarshal(raw, &d) != nil {
			return errors.New("each document must be a text or an object with a text")
		}
		result := rankResult{Index: i, RelevanceScore: wordShare(words, d.Text)}
		if c.req.ReturnDocuments {
			result.Document = &d
		}
		reply.Results = append(reply.Results, result)
	}
	slices.SortStableFunc(reply.Results, func(a, b rankResult) int {
		return cmp.Compare(b.RelevanceScore, a.RelevanceScore)
	})
	if c.req.TopN > 0 {
		reply.Results = reply.Results[:min(c.req.TopN, len(reply.Results))]
	}
	c.writeReply(reply)
	return nil
}

// wordShare returns the share of words that are in a text, from 0 to 1.
func wordShare(words []string, text string) float64 {
	found := 0
	for _, word := range words {
		if strings.Contains(strings.ToLower(text), word) {
			found++
		}
	}
	return float64(found) / float64(len(words))
}
