package echo

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
)

// Bounds of an embeddings request.
const (
	defaultDimensions = 1536 // of text-embedding-3-small
	maxDimensions     = 4096
	maxInputs         = 2048 // in one request, as in the OpenAI API
)

// embeddingReply is the reply to an embeddings request.
type embeddingReply struct {
	Object string         `json:"object"`
	Data   []embedding    `json:"data"`
	Model  string         `json:"model"`
	Usage  embeddingUsage `json:"usage"`
}

// embedding is the embedding of one text.
type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or base64 of little-endian float32s
}

// embeddingUsage counts the tokens of an embeddings request.
type embeddingUsage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// answerEmbeddings answers POST /v1/embeddings: the same text always gets the same
// unit vector, and different texts get different ones.
func answerEmbeddings(c *call) error {
	inputs, err := parseTexts(c.req.Input)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	dimensions := c.req.Dimensions
	if dimensions == 0 {
		dimensions = defaultDimensions
	}
	switch {
	case len(inputs) == 0:
		return missingError("input")
	case len(inputs) > maxInputs:
		return fmt.Errorf("input has %d texts; a request may have at most %d", len(inputs), maxInputs)
	case dimensions < 1 || dimensions > maxDimensions:
		return fmt.Errorf("dimensions is %d; it must be from 1 to %d", dimensions, maxDimensions)
	}
	reply := embeddingReply{Object: "list", Model: c.req.Model, Data: make([]embedding, len(inputs))}
	for i, input := range inputs {
		reply.Data[i] = embedding{Object: "embedding", Index: i, Embedding: c.encodeVector(input, dimensions)}
		reply.Usage.PromptTokens += tokens(input)
	}
	reply.Usage.TotalTokens = reply.Usage.PromptTokens
	c.writeReply(reply)
	return nil
}

// encodeVector returns the embedding of a text in the encoding that the client asks for.
func (c *call) encodeVector(text string, dimensions int) any {
	v := unitVector(text, dimensions)
	if c.req.EncodingFormat != "base64" {
		return v
	}
	packed := make([]byte, 0, 4*len(v))
	for _, x := range v {
		packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(packed)
}

// unitVector returns a vector of length one that is a function of the text.
func unitVector(text string, dimensions int) []float32 {
	random := rand.New(rand.NewChaCha8(sha256.Sum256([]byte(text))))
	v, squares := make([]float64, dimensions), 0.0
	for i := range v {
		v[i] = random.NormFloat64()
		squares += v[i] * v[i]
	}
	length := math.Sqrt(squares)
	out := make([]float32, dimensions)
	for i := range v {
		out[i] = float32(v[i] / length)
	}
	return out
}
