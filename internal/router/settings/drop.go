package settings

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readDropping reads which members of requests a deployment does not get, and whether one
// that its dialect does not have is an error.
func readDropping(d *Deployment, params document.Section) {
	if params.Has("drop_params") {
		d.RefuseUnknownParams = new(!params.Flag("drop_params"))
	}
	for i, name := range params.Texts("additional_drop_params", "the name of a parameter") {
		switch {
		case strings.ContainsAny(name, ".[]*$"):
			params.File().Warn("setting-without-effect", append(params.At("additional_drop_params"), i),
				"%s is a path into a parameter; the embedded router drops whole parameters only", name)
		case name != "model" && name != "stream":
			d.Dropped = append(d.Dropped, name)
		}
	}
}

// modeDialects are the dialects by which LiteLLM's modes are asked.
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
		return []dialect.Dialect{dialect.Chat, dialect.Responses, dialect.Messages}
	case "completion":
		return []dialect.Dialect{dialect.Completions, dialect.Chat, dialect.Responses, dialect.Messages}
	}
	return nil
}

// warnUnservedMode warns of a deployment that does, by model_info.mode, what the embedded
// router cannot ask of its provider.
func warnUnservedMode(d *Deployment, info document.Section) {
	mode, _ := d.Info["mode"].(string)
	if mode == "" || d.Mock != nil || d.Base == nil {
		return
	}
	if slices.ContainsFunc(modeDialects(mode), d.Dialects.Has) {
		return
	}
	info.Warn("mode-unserved", "mode", "the embedded router has no route for mode %q to this provider; requests for it "+
		"are answered with 400", mode)
}
