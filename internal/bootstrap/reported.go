package bootstrap

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// reportTimeout bounds how long a program may take to say its version.
const reportTimeout = 10 * time.Second

// unknownVersion is the version of a program that does not report one.
const unknownVersion = "local"

// reportedVersion runs a CLIProxyAPI, isolated from the user's folder and
// variables, and returns the version that it prints first, whatever flags it
// gets, without a leading v. It returns unknownVersion when the program prints
// none.
func reportedVersion(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	out, _ := subprocess.IsolatedCommand(ctx, nil, path, "-help").CombinedOutput()
	_, rest, ok := strings.Cut(string(out), "Version: ")
	version, _, comma := strings.Cut(rest, ",")
	version = strings.TrimPrefix(strings.TrimSpace(version), "v")
	if !ok || !comma || version == "" ||
		(Request{Runtime: config.RuntimeCLIProxyAPI, Version: version}).validate() != nil {
		return unknownVersion
	}
	return version
}

// checkReportedVersion refuses a release whose program reports another version
// than the release has. A program built without a version ("dev") is accepted,
// and so is one that reports none: Progress says so.
func (r Request) checkReportedVersion(ctx context.Context, path, released string) error {
	reported := reportedVersion(ctx, path)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case reported == unknownVersion || reported == "dev":
		fmt.Fprintf(r.Progress, "%s does not report its version; the release says %s\n", filepath.Base(path), released)
		return nil
	case normalizeVersion(reported) == normalizeVersion(released):
		return nil
	}
	return fault.New("version-mismatch", "the program of release %s reports version %s", released, reported).
		WithHint("the release is mislabelled or was replaced; nothing was installed. -version=… installs another release")
}

// normalizeVersion leaves out what the Plus family appends to its versions.
func normalizeVersion(version string) string {
	return strings.TrimSuffix(strings.TrimPrefix(version, "v"), "-plus")
}

// checkInstalledLiteLLM compares the version that the environment's own Python
// reports for LiteLLM, run isolated, with the one asked for.
func checkInstalledLiteLLM(ctx context.Context, dir, want string) error {
	const script = "from importlib.metadata import version; print(version('litellm'))"
	out, err := subprocess.Python(ctx, filepath.Join(dir, "bin", "python"), "-c", script).Output()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fault.New("packages-failed", "the environment's Python does not find LiteLLM: %w", err).
			WithHint("nothing was installed; try again")
	}
	if got := strings.TrimSpace(string(out)); got != want {
		return fault.New("version-mismatch", "LiteLLM %s was asked for and the package index gave %s", want, got).
			WithHint("check the package index that pip or uv is set to; nothing was installed")
	}
	return nil
}
