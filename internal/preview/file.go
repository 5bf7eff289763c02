package preview

import (
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/ccr"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// File returns the preview of the file at path, and recognises its format: FlowGate's own,
// LiteLLM's, or that of claude-code-router. profile is a profile of FlowGate's own format,
// "" for the default one. Faults: config-not-found, config-unreadable, config-too-large,
// folder-name-invalid; those of policy.Plan.
func File(path, profile string, getenv func(string) string) (Preview, error) {
	text, err := yamlnode.ReadSource(path)
	if err != nil {
		return Preview{}, err
	}
	switch format := config.RecognizeFormat(text); format {
	case config.FormatLiteLLM:
		return previewLiteLLM(path, getenv), nil
	case config.FormatClaudeCodeRouter:
		return previewConverted(path, ccr.Convert(path, text), getenv), nil
	}
	return previewFlowGate(path, profile, getenv)
}

// takeCommand returns the command that takes over another program's file.
func takeCommand(path string) string { return program.Command("init -from=" + program.Quote(path)) }

// newPreview returns an empty preview of a file for the embedded router.
func newPreview(path string, format config.Format) Preview {
	return Preview{File: path, Format: format, Runtime: config.RuntimeEmbedded, Deployments: []Deployment{},
		Problems: []yamlnode.Problem{}, Warnings: []config.Warning{}}
}

// previewFlowGate returns the preview of a flowgate.yaml that may have mistakes.
func previewFlowGate(path, profile string, getenv func(string) string) (Preview, error) {
	e, err := config.Examine(path, getenv)
	if err != nil {
		return Preview{}, err
	}
	p := newPreview(path, config.FormatFlowGate)
	if e.Config != nil && e.Config.Version != 3 && e.Config.Base != nil && len(e.Config.Profiles) > 0 {
		if p, err = preview(e.Config, e.Places, profile, getenv); err != nil && len(e.Problems) == 0 {
			return p, err
		}
	}
	p.File = path
	p.Problems = append(e.Problems, p.Problems...)
	p.Warnings = append(e.Warnings, p.Warnings...)
	return p, nil
}

// previewLiteLLM returns the preview of a LiteLLM configuration.
func previewLiteLLM(path string, getenv func(string) string) Preview {
	p := newPreview(path, config.FormatLiteLLM)
	p.Next = []string{takeCommand(path)}
	loaded, problems, err := settings.Examine(path, getenv)
	p.Problems = append(p.Problems, problems...)
	if err != nil {
		f := fault.From(err)
		if detail, ok := f.Detail.(yamlnode.Problems); ok {
			p.Problems = append(p.Problems, detail.Problems...)
		} else {
			p.Problems = append(p.Problems, yamlnode.Problem{Code: f.Code, File: path, Line: 1, Column: 1,
				Message: f.Message, Hint: f.Hint})
		}
	}
	if loaded != nil {
		p.Warnings = append(p.Warnings, loaded.Warnings...)
		p.warnMasterKey(loaded)
		p.addSettings(loaded, loaded.Locate)
	}
	p.useTypedPath(path)
	return p
}

// warnMasterKey warns of a master key that is missing or that everybody knows: the router
// would not start, but init makes a key.
func (p *Preview) warnMasterKey(s *settings.Settings) {
	if err := s.CheckMasterKey(); err != nil {
		f := fault.From(err)
		at := s.Locate([]any{"general_settings", "master_key"})
		_, message, _ := strings.Cut(f.Message, ": ")
		p.Warnings = append(p.Warnings, config.Warning{
			Code: f.Code, File: p.File, Path: "general_settings.master_key", Line: at.Line, Column: at.Column,
			Message: message + "; init makes a random one",
		})
	}
}

// useTypedPath replaces the file's absolute path in problems and warnings by the path that
// the user typed.
func (p *Preview) useTypedPath(path string) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return
	}
	for i := range p.Problems {
		if p.Problems[i].File == abs {
			p.Problems[i].File = path
		}
	}
	for i := range p.Warnings {
		p.Warnings[i].File = path
	}
}

// previewConverted returns the preview of a file of claude-code-router.
func previewConverted(path string, c ccr.Converted, getenv func(string) string) Preview {
	p := newPreview(path, config.FormatClaudeCodeRouter)
	p.Next = []string{takeCommand(path)}
	p.Problems, p.Warnings = append(p.Problems, c.Problems...), append(p.Warnings, c.Warnings...)
	root := yamlnode.ParseLong(yamlnode.NewDiagnosis(path), c.Text)
	if root == nil {
		return p
	}
	locate := func(at []any) document.Place {
		place := document.Place{File: path, Path: yamlnode.Dotted(at), Pos: yamlnode.Pos{Line: 1, Column: 1}}
		for ; len(at) > 0; at = at[:len(at)-1] {
			if pos, ok := c.Places[yamlnode.Dotted(at)]; ok {
				place.Pos = pos
				break
			}
		}
		return place
	}
	values, _ := root.GoValue().(map[string]any)
	loaded, problems := settings.ExamineValues(path, values, locate, getenv)
	p.Problems = append(p.Problems, problems...)
	p.Warnings = append(p.Warnings, loaded.Warnings...)
	p.addSettings(loaded, locate)
	return p
}
