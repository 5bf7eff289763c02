package settings

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// Mode returns what the deployment's model does, in LiteLLM's words: model_info.mode, or
// what the name of the model suggests. It is empty when neither is known.
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
		{"image_generation", []string{"dall-e", "gpt-image", "imagen", "flux", "stable-diffusion", "titan-image",
			"stability.", "nova-canvas"}},
	} {
		if slices.ContainsFunc(known.words, func(word string) bool { return strings.Contains(name, word) }) {
			return known.mode
		}
	}
	return ""
}

// IsChat reports whether agents can talk to the deployment: it is a mock or has one of
// the dialects of conversations, and its model is not known to do something else.
func (d *Deployment) IsChat() bool {
	switch d.Mode() {
	case "", "chat", "completion", "responses":
		return d.Mock != nil || slices.ContainsFunc(modeDialects("chat"), d.Dialects.Has)
	}
	return false
}

// modeDialects returns the dialects in which a model of one of LiteLLM's modes is asked;
// nil for other modes.
func modeDialects(mode string) []dialect.Dialect {
	switch mode {
	case "embedding":
		return []dialect.Dialect{dialect.Embeddings}
	case "image_generation":
		return []dialect.Dialect{dialect.ImageGenerations}
	case "image_edit":
		return []dialect.Dialect{dialect.ImageEdits}
	case "audio_transcription":
		return []dialect.Dialect{dialect.Transcriptions}
	case "audio_speech":
		return []dialect.Dialect{dialect.Speech}
	case "rerank":
		return []dialect.Dialect{dialect.Rerank}
	case "moderation", "moderations":
		return []dialect.Dialect{dialect.Moderations}
	case "chat", "responses":
		return []dialect.Dialect{dialect.Chat, dialect.Responses, dialect.Messages, dialect.Converse}
	case "completion":
		return []dialect.Dialect{dialect.Completions, dialect.Chat, dialect.Responses, dialect.Messages, dialect.Converse}
	}
	return nil
}

// isConversation reports whether the model of an entry of a cloud converses; it warns when it
// does something else, which the router does not ask clouds for.
func isConversation(d *Deployment, params document.Section) bool {
	switch mode := d.Mode(); mode {
	case "", "chat", "completion", "responses":
		return true
	default:
		params.Warn("provider-unsupported", "model", "the embedded router asks Bedrock and Vertex AI only for "+
			"conversations, and the mode of %q is %s; runtime: litellm does it; the deployment cannot serve", d.Upstream, mode)
		return false
	}
}

// warnUnservedMode warns about a deployment when the embedded router has no route to its
// provider for its model_info.mode.
func warnUnservedMode(d *Deployment, info document.Section) {
	mode, isText := d.Info["mode"].(string)
	if d.Info["mode"] != nil && !isText {
		info.Warn("mode-unserved", "mode", "mode is not a text; what the model does is guessed from its name")
	}
	if mode == "" || d.Mock != nil || d.Base == nil {
		return
	}
	if slices.ContainsFunc(modeDialects(mode), d.Dialects.Has) {
		return
	}
	info.Warn("mode-unserved", "mode", "the embedded router has no route for mode %q to this provider; requests for it "+
		"are answered with 400", mode)
}
