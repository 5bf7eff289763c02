package tasks

import (
	"context"
	"embed"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/magefile/mage/mg"
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/provider"
	drills "github.com/flowgate-go/flowgate/checks/drill"
	"github.com/flowgate-go/flowgate/docs"
	"github.com/flowgate-go/flowgate/internal/commandline"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
)

// Completion holds the targets that let a shell complete a command line.
type Completion mg.Namespace

// Default prints the script that lets bash, zsh or fish complete targets, flags, services, profiles and providers.
func (Completion) Default(ctx context.Context, shell string) error {
	return runBriefly(ctx, "completion", func(_ context.Context, s session) (any, error) {
		script, err := completionScript(shell)
		if err == nil {
			s.out.Quiet = true // the script takes the place of the report
			_, err = io.WriteString(s.out.Stdout, script)
		}
		return nil, err
	})
}

// Words prints the words that can be typed next, one per line; the completion scripts call it.
func (Completion) Words(ctx context.Context, before string, current *string) error {
	return runBriefly(ctx, "completion:words", func(_ context.Context, s session) (any, error) {
		var lines strings.Builder
		for _, c := range catalogue.Complete(strings.Fields(before), deref(current), s.completionValues) {
			about := c.About
			if name := strings.TrimLeft(c.Word, "-"); name != c.Word {
				about = flagMeaning("", name)
			}
			lines.WriteString(strings.TrimSuffix(c.Word+"\t"+about, "\t") + "\n")
		}
		s.out.Quiet = true
		_, err := io.WriteString(s.out.Stdout, lines.String())
		return nil, err
	})
}

//go:embed completion
var completionScripts embed.FS

// completionScript returns the completion script of a shell for the program's name as it was
// typed. A shell completes the arguments of a single word only, so a program of several words
// (`go tool flowgate`) gets the script for flowgate. Fault: shell-unknown.
func completionScript(shell string) (string, error) {
	text, err := completionScripts.ReadFile("completion/flowgate." + shell)
	if err != nil {
		return "", fault.Usage("shell-unknown", "there is no completion for the shell %q", shell).
			WithHint("one of bash, zsh, fish: mage completion bash")
	}
	name := "flowgate"
	if words := strings.Fields(program.Name()); len(words) == 1 {
		if base := path.Base(words[0]); regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`).MatchString(base) {
			name = base
		}
	}
	function := regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(name, "_")
	return strings.NewReplacer("@PROGRAM@", name, "@FUNCTION@", function).Replace(string(text)), nil
}

// completionValues returns the values that can be typed for a parameter. It reports no error
// when the configuration cannot be read, because a shell would show it within the typed line.
func (s session) completionValues(target commandline.Target, param string) []string {
	switch param {
	case "format":
		return []string{"github", "json", "jsonl", "junit", "sarif", "text"}
	case "level":
		return []string{"debug", "error", "info", "warn"}
	case "shell":
		return []string{"bash", "fish", "zsh"}
	case "target":
		return slices.Concat(lo.Map(catalogue, func(t commandline.Target, _ int) string { return t.Name }), docs.Topics())
	case "drill":
		return lo.Map(drills.List(), func(d drills.Drill, _ int) string { return d.Name })
	}
	cfg, err := s.loadConfig()
	if err != nil {
		return nil
	}
	switch {
	case param == "service":
		return lo.Map(cfg.Services, func(svc config.Service, _ int) string { return svc.Name })
	case param == "provider":
		all, _ := provider.All(cfg)
		return lo.Map(all, func(p provider.Provider, _ int) string { return p.Name })
	case param == "profile", strings.HasPrefix(target.Name, "profile:"):
		return slices.Sorted(maps.Keys(cfg.Profiles))
	}
	return nil
}
