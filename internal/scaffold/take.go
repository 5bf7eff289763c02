package scaffold

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/ccr"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/preview"
)

// TakeFile returns the Source of another router's file, whose format it recognises. ignored
// names the settings that the embedded router may leave unenforced. When the router would
// refuse the file, TakeFile returns a fault that has all problems as its detail. Faults:
// config-not-found, config-unreadable, config-too-large, format-unrecognised,
// secret-unmovable, and the codes of the problems.
func TakeFile(path, dir string, ignored []string, getenv func(string) string) (Source, error) {
	text, err := yamlnode.ReadSource(path)
	if err != nil {
		return Source{}, err
	}
	format := config.RecognizeFormat(text)
	if format == config.FormatFlowGate {
		return Source{}, fault.Usage("format-unrecognised", "%s is neither a LiteLLM configuration nor claude-code-router's",
			path).
			WithHint("a flowgate.yaml is used as it is: -config=%s", path)
	}
	p, err := preview.File(path, "", getenv)
	if err != nil {
		return Source{}, err
	}
	problems := slices.DeleteFunc(p.Problems, func(problem yamlnode.Problem) bool {
		key := problem.Path[strings.LastIndexByte(problem.Path, '.')+1:]
		return problem.Code == "setting-unenforced" && slices.Contains(ignored, key)
	})
	if len(problems) > 0 {
		return Source{}, problemsFault(problems)
	}
	group, fast := chooseGroups(p)
	if format == config.FormatClaudeCodeRouter {
		converted := ccr.Convert(path, text)
		text, group, fast = converted.Text, converted.Default, converted.Fast
	}
	s, err := Take(path, text, dir)
	s.Default, s.Fast, s.Ignored = group, fast, ignored
	return s, err
}

// problemsFault returns problems as one fault: the first as its message, all as its detail.
func problemsFault(problems []yamlnode.Problem) error {
	first := problems[0]
	hint := first.Hint
	if first.Code == "setting-unenforced" {
		names := make([]string, len(problems))
		for i, p := range problems {
			names[i] = p.Path[strings.LastIndexByte(p.Path, '.')+1:]
		}
		slices.Sort(names)
		hint = "if you can do without: -ignore=" + strings.Join(slices.Compact(names), ",")
	}
	first.Hint = ""
	return fault.Usage(first.Code, "%s", first.String()).WithHint("%s", hint).
		WithDetail(yamlnode.Problems{Problems: problems})
}

// smallWords are words in the names of models that are small and fast.
var smallWords = []string{"haiku", "-mini", "flash", "nano", "small", "lite", "fast", "cheap", "instant", "8b"}

// chooseGroups returns the group for most requests, "" when no group is suitable, and one for
// small requests, "" when there is no other. It prefers groups that speak messages, because
// Claude Code's requests reach them unchanged.
func chooseGroups(p preview.Preview) (group, fast string) {
	best := -1
	for _, d := range p.Deployments {
		score := scoreDeployment(d)
		if score < 0 || strings.Contains(d.Group, "*") {
			continue
		}
		if isSmall(d) && fast == "" {
			fast = d.Group
		}
		if !isSmall(d) {
			score += 4
		}
		if score > best {
			best, group = score, d.Group
		}
	}
	if fast == group {
		fast = ""
	}
	return group, fast
}

// scoreDeployment returns how well a deployment serves coding agents; it is negative when it
// does not serve them.
func scoreDeployment(d preview.Deployment) int {
	score := -1
	for _, in := range d.Dialects {
		switch {
		case in.Name != "messages" || in.How == preview.Unserved:
		case in.How == preview.Native && !in.Assumed:
			score = 2
		default:
			score = 1
		}
	}
	if score > 0 && (d.Key.Set || d.Key.Source == "none") {
		score += 8
	}
	return score
}

// isSmall reports whether the names of a deployment suggest that its model is small.
func isSmall(d preview.Deployment) bool {
	text := strings.ToLower(d.Group + " " + d.Upstream)
	return slices.ContainsFunc(smallWords, func(word string) bool { return strings.Contains(text, word) })
}
