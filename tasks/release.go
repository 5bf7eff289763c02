package tasks

import (
	"context"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/checks"
	releasechecks "github.com/flowgate-go/flowgate/checks/release"
	"github.com/flowgate-go/flowgate/internal/release"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/version"
)

// Release holds the targets that release FlowGate itself; they need its source tree.
type Release mg.Namespace

// Check says whether this source can be released: clean tree, changelog, version, doctor, security-check, tests.
func (Release) Check(ctx context.Context) error {
	return run(ctx, "release:check", func(ctx context.Context, s session) (any, error) {
		if err := requireSourceBuild("release:check"); err != nil {
			return nil, err
		}
		o := releasechecks.Options{Source: ".", Version: version.Number, Steps: releaseSteps(), Log: s.stderr}
		return report.Checked{Checks: checks.Run(ctx, releasechecks.Checks(o), checks.Options{Emit: s.out.Stream})}, ctx.Err()
	})
}

// Notes prints what the changelog says about a version, by default the one to be released.
func (Release) Notes(ctx context.Context, version *string) error {
	return run(ctx, "release:notes", func(context.Context, session) (any, error) {
		return dataOrError(release.ReadNotes("CHANGELOG.md", releaseVersion(version)))
	})
}

// Build compiles the archives of a release for Linux and macOS, the same bytes from the same source.
func (Release) Build(ctx context.Context, out *string) error {
	return run(ctx, "release:build", func(ctx context.Context, s session) (any, error) {
		if err := requireSourceBuild("release:build"); err != nil {
			return nil, err
		}
		dir := deref(out)
		if dir == "" {
			dir = "dist"
		}
		return dataOrError(release.Build(ctx, ".", dir, version.Number, release.Platforms(), s.stderr))
	})
}

// releaseVersion returns the version given, by default that of this program.
func releaseVersion(given *string) string {
	if deref(given) != "" {
		return *given
	}
	return version.Number
}

// releaseSteps returns the commands that release:check runs, by the ID of their check.
func releaseSteps() map[string]string {
	steps := map[string]string{"tests.pass": "go tool mage test"}
	for id, name := range map[string]string{"doctor.passes": "doctor", "security.passes": "security-check"} {
		if _, ok := catalogue.Lookup(name); ok {
			steps[id] = "go tool mage " + name
		}
	}
	return steps
}
