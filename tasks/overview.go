package tasks

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/docs"
	"github.com/flowgate-go/flowgate/internal/commandline"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// overview is the data of the target overview, which runs when no target is typed.
type overview struct {
	Version  string            `json:"version"`
	Config   string            `json:"config"` // file; empty for the built-in default
	Profile  string            `json:"profile"`
	Services map[string]string `json:"services"` // state by name
	Next     []string          `json:"next"`     // what to type next
}

// Overview shows the state of the installation in short, and what to type next.
func Overview(ctx context.Context) error {
	return runReading(ctx, "overview", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		status, err := supervisor.Query(ctx, cfg)
		o := overview{Version: version.String(), Config: cfg.File, Profile: policy.CurrentOrDefault(cfg)}
		o.Services = lo.SliceToMap(
			status.Services,
			func(svc control.ServiceStatus) (string, string) { return svc.Name, svc.State },
		)
		o.Next = suggestNext(cfg, status)
		s.writeIfLive(o.Next...)
		return o, err
	})
}

// suggestNext returns commands that make sense in a state of the installation, each with a comment.
func suggestNext(cfg *config.Config, status control.Status) []string {
	switch {
	case cfg.File == "":
		return []string{
			program.Text("mage smoke        # a private router, real requests, a report"),
			fmt.Sprintf(program.Format("mage init start   # a router of your own on 127.0.0.1:%d"), config.DefaultRouterPort),
			program.Text("mage help         # all targets"),
		}
	case status.Supervisor == nil:
		return []string{
			program.Text("mage start        # bring the services up"),
			program.Text("mage smoke        # or try a private stack first"),
		}
	case status.CheckHealth() != nil:
		return []string{
			program.Text("mage doctor       # what is wrong, and the command that fixes it"),
			program.Text("mage logs         # what the services wrote"),
		}
	}
	return []string{
		program.Text("mage smoke        # real requests through the running router"),
		program.Text("mage profile:list # policies to choose from"),
	}
}

// targetList is the data of help, and of a namespace that is typed without a target.
type targetList struct {
	Targets []targetHelp `json:"targets"`
	Topics  []string     `json:"topics,omitempty"` // documents that help shows by name

	explained bool // the first target is the one that was asked for
}

// targetHelp is what help says about one target.
type targetHelp struct {
	Name     string     `json:"name"`
	Usage    string     `json:"usage"`
	Synopsis string     `json:"synopsis"`
	Flags    []flagHelp `json:"flags"` // without the common flags, which every target takes
}

// flagHelp is what help says about one flag of a target.
type flagHelp struct {
	Flag    string `json:"flag"`
	Kind    string `json:"kind"` // string, bool, int or duration
	Meaning string `json:"meaning"`
}

// describeTargets returns the help of targets.
func describeTargets(targets []commandline.Target) targetList {
	return targetList{Targets: lo.Map(targets, func(t commandline.Target, _ int) targetHelp {
		return targetHelp{t.Name, program.Command(t.Usage()), t.Synopsis, describeFlags(t)}
	})}
}

// describeFlags returns the help of the flags of a target.
func describeFlags(t commandline.Target) []flagHelp {
	flags := []flagHelp{}
	for _, p := range t.Params {
		if p.Optional {
			flags = append(flags, flagHelp{p.Flag, strings.ToLower(strings.TrimPrefix(p.Kind, "time.")),
				flagMeaning(t.Name, p.Flag)})
		}
	}
	return flags
}

// helpPage is the data of help for a topic.
type helpPage struct {
	Topic string `json:"topic"`
	Text  string `json:"text"` // Markdown
}

// Page implements report.Paged: the Markdown text as it is.
func (p helpPage) Page() string { return p.Text }

// Help lists all targets, shows how one is typed, or shows a topic: configuration, auth, json and the other documents.
func Help(ctx context.Context, target *string) error {
	return runBriefly(ctx, "help", func(_ context.Context, s session) (any, error) {
		list, err := findHelp(deref(target))
		text, isTopic := docs.Page(deref(target))
		if err != nil && isTopic {
			return helpPage{strings.TrimSuffix(strings.ToLower(*target), ".md"), text}, nil
		}
		if isTopic && deref(target) != "" { // a target has the topic's name
			list.Topics = []string{*target + ".md"}
		}
		for _, t := range list.Targets {
			s.writeIfLive(t.Usage, "    "+t.Synopsis)
		}
		return list, err
	})
}

// findHelp returns all targets when word is empty, else the target of that name and those of
// the namespace of that name. Fault: target-unknown.
func findHelp(word string) (targetList, error) {
	if word == "" {
		list := describeTargets(catalogue)
		list.Topics = docs.Topics()
		return list, nil
	}
	found := slices.Clone(catalogue.Within(word))
	t, exists := catalogue.Lookup(word)
	if exists {
		found = slices.DeleteFunc(found, func(other commandline.Target) bool { return other.Name == t.Name })
		found = slices.Insert(found, 0, t)
	}
	if len(found) == 0 || strings.HasSuffix(word, ".md") {
		f := fault.From(catalogue.UnknownFault(word))
		f.Hint += "; topics: " + strings.Join(docs.Topics(), ", ")
		return targetList{}, f
	}
	list := describeTargets(found)
	list.explained = exists
	return list, nil
}

// versions is the data of version.
type versions struct {
	FlowGate string `json:"flowgate"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Version shows which FlowGate this is.
func Version(ctx context.Context) error {
	return runBriefly(ctx, "version", func(context.Context, session) (any, error) {
		return versions{version.String(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, nil
	})
}

// writeIfLive shows lines on stderr when that is a terminal and the report is not text, which
// says the same.
func (s session) writeIfLive(lines ...string) {
	if !s.out.Live || s.out.Format == report.Text {
		return
	}
	for _, line := range lines {
		s.writeLines(printable.EscapeLine(line))
	}
}
