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

// reportTimeout is how long a program may take to print its version.
const reportTimeout = 10 * time.Second

// unknownVersion is the version of a program that does not report one.
const unknownVersion = "local"

// reportedVersion runs a CLIProxyAPI, isolated from the user's folder and
// variables, and returns the version, without a leading v, that the program prints
// first with any flags. It returns unknownVersion when the program prints none.
func reportedVersion(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	out, _ := subprocess.IsolatedCommand(ctx, nil, path, "-help").CombinedOutput()
	_, rest, ok := strings.Cut(string(out), "Version: ")
	version, _, hasComma := strings.Cut(rest, ",")
	version = strings.TrimPrefix(strings.TrimSpace(version), "v")
	if !ok || !hasComma || version == "" ||
		(Request{Runtime: config.RuntimeCLIProxyAPI, Version: version}).validate() != nil {
		return unknownVersion
	}
	return version
}

// checkReportedVersion returns a fault when a release's program reports another version
// than the release has. It accepts a program that was built without a version ("dev") or
// reports none, and writes that to Progress. Fault: version-mismatch.
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

// normalizeVersion returns a version without a leading v and without the suffix that
// CLIProxyAPIPlus appends.
func normalizeVersion(version string) string {
	return strings.TrimSuffix(strings.TrimPrefix(version, "v"), "-plus")
}

// checkInstalledLiteLLM returns a fault unless the environment's own Python, run isolated,
// reports the version want for LiteLLM. Faults: packages-failed, version-mismatch.
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
		return fault.New("version-mismatch", "LiteLLM %s was requested, but the package index gave %s", want, got).
			WithHint("check the package index that pip or uv is set to; nothing was installed")
	}
	return nil
}
