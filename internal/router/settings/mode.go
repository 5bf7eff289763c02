package settings

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// Mode returns what the deployment's model does, in LiteLLM's words: model_info.mode, or
// what the model's name tells. It is empty when neither says so.
func (d *Deployment) Mode() string {
	if mode, ok := d.Info["mode"].(string); ok && mode != "" {
		return mode
	}
	name := strings.ToLower(d.Upstream)
	name = name[strings.LastIndex(name, "/")+1:]
	for _, known := range [...]struct {
		mode  string
		words []string
	}{
		{"embedding", []string{"embed"}}, {"rerank", []string{"rerank"}}, {"moderation", []string{"moderation"}},
		{"audio_transcription", []string{"whisper", "transcribe"}}, {"audio_speech", []string{"tts"}},
		{"image_generation", []string{"dall-e", "gpt-image", "imagen", "flux", "stable-diffusion"}},
	} {
		if slices.ContainsFunc(known.words, func(word string) bool { return strings.Contains(name, word) }) {
			return known.mode
		}
	}
	return ""
}

// IsChat reports whether agents can talk to the deployment: it has one of the dialects of
// conversations, and its model is not known to do something else.
func (d *Deployment) IsChat() bool {
	switch d.Mode() {
	case "", "chat", "completion", "responses":
		return d.Mock != nil || d.Dialects&dialect.SetOf(dialect.Chat, dialect.Responses, dialect.Messages) != 0
	}
	return false
}
