package bootstrap

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// VersionStatus is what is known about newer versions of one runtime.
type VersionStatus struct {
	Name      string    `json:"name"`
	Active    string    `json:"active"`              // "" when no version is active
	Latest    string    `json:"latest"`              // "" when it is not known
	Outdated  bool      `json:"outdated"`            // Latest is another version than Active
	Pinned    string    `json:"pinned,omitempty"`    // the pinned version
	Reason    string    `json:"reason,omitempty"`    // why an update is not advised, or Latest is not known
	CheckedAt time.Time `json:"checked_at,omitzero"` // when the source was last asked; zero for never
}

// MarshalJSON writes outdated as null while no latest version is known.
func (s VersionStatus) MarshalJSON() ([]byte, error) {
	type plain VersionStatus
	doc := struct {
		plain
		Outdated *bool `json:"outdated"`
	}{plain: plain(s)}
	if s.Latest != "" {
		doc.Outdated = &s.Outdated
	}
	return json.Marshal(doc)
}

// maxStatusAge is how long a cached status is used.
const maxStatusAge = 24 * time.Hour

// Outdated returns the status of each runtime that is in the store or that the
// configuration needs. It uses a cached status that is at most a day old, unless online
// is set; with r.Offline it uses the cached one whatever its age. When a source does
// not answer, the Reason of the status says so.
func Outdated(ctx context.Context, r Request, online bool, now time.Time) ([]VersionStatus, error) {
	r = r.withDefaults()
	installed, err := store.Installed(r.Config)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, in := range installed {
		names[in.Name] = true
	}
	for _, name := range NeededRuntimes(r.Config) {
		names[name] = true
	}
	statuses := []VersionStatus{}
	for _, name := range [...]string{config.RuntimeCLIProxyAPI, config.RuntimeLiteLLM} {
		if names[name] {
			r.Runtime = name
			statuses = append(statuses, r.checkVersion(ctx, online, now))
		}
	}
	return statuses, ctx.Err()
}

// checkVersion returns the status of one runtime, and asks its source when the cached status
// is too old.
func (r Request) checkVersion(ctx context.Context, online bool, now time.Time) VersionStatus {
	path := filepath.Join(store.Dir(r.Config, r.Runtime), "latest.json")
	var s VersionStatus
	if data, err := safefile.Read(path, safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &s) // a damaged file counts as none
	}
	age := now.Sub(s.CheckedAt)
	if !r.Offline && (online || s.Latest == "" || age > maxStatusAge || age < 0) {
		s.Reason, s.CheckedAt = "", now.UTC()
		latest, err := r.LatestVersion(ctx)
		if err != nil {
			s.Reason = err.Error()
		} else {
			s.Latest = latest
			r.cacheStatus(path, s)
		}
	}
	s.Name, s.Active, s.Pinned = r.Runtime, "", store.PinnedVersion(r.Config, r.Runtime)
	if current, ok := store.Current(r.Config, r.Runtime); ok {
		s.Active = current.Version
	}
	if s.Latest == "" && s.Reason == "" {
		s.Reason = "the latest version was never asked for: bootstrap:outdated without -offline does"
	}
	s.Outdated = s.Latest != "" && s.Latest != s.Active
	bad, isBad := runtimestore.FindBadVersion(r.Runtime, s.Latest)
	switch {
	case isBad:
		s.Outdated, s.Reason = false, "the latest version is known to be bad: "+bad.Why
	case s.Pinned != "" && s.Outdated:
		s.Reason = "pinned to " + s.Pinned + " by bootstrap -pin; bootstrap:update " + r.Runtime + " -unpin removes the pin"
	case r.Runtime == config.RuntimeLiteLLM && s.Outdated:
		s.Reason = "bootstrap:update litellm goes to " + LiteLLMVersion +
			", the digests of whose packages are known; -version=" + s.Latest + " takes the latest without digests"
	}
	return s
}

// cacheStatus writes a status to a file for later commands.
func (r Request) cacheStatus(path string, s VersionStatus) {
	data, err := json.Marshal(s)
	if err == nil && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = renameio.WriteFile(path, data, 0o600) // a cache
	}
}

// LatestVersion returns the latest version that the runtime's source has. Faults: those of
// the GitHub client, python-missing, packages-failed, latest-unknown.
func (r Request) LatestVersion(ctx context.Context) (string, error) {
	r = r.withDefaults()
	if r.Runtime == config.RuntimeLiteLLM {
		return latestLiteLLM(ctx)
	}
	g, err := r.githubClient()
	if err != nil {
		return "", err
	}
	release, err := g.findRelease(ctx, "")
	return strings.TrimPrefix(release.Tag, "v"), err
}

// latestLiteLLM returns the latest version of LiteLLM in the package index that pip or uv is
// configured to use.
func latestLiteLLM(ctx context.Context) (string, error) {
	tool, err := findInstaller(ctx)
	if err != nil {
		return "", err
	}
	cmd := subprocess.Python(ctx, tool.path, "-m", "pip", "index", "versions", "--disable-pip-version-check", "litellm")
	if tool.uv {
		cmd = subprocess.Installer(
			ctx,
			tool.path,
			"pip",
			"compile",
			"--quiet",
			"--no-deps",
			"--no-build",
			"--no-header",
			"--no-annotate",
			"-",
		)
	}
	cmd.Stdin = strings.NewReader("litellm\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fault.New("packages-failed", "ask the package index: %w: %s", err, outputTail(out)).
			WithHint("check the network and the index that pip or uv is set to")
	}
	if version := parseLatest(string(out)); version != "" {
		return version, nil
	}
	return "", fault.New(
		"latest-unknown",
		"%s did not say what the latest LiteLLM is: %s",
		filepath.Base(tool.path),
		outputTail(out),
	)
}

// parseLatest returns the version in "litellm (1.2.3)", which pip prints, or in
// "litellm==1.2.3", which uv prints; "" if out has neither.
func parseLatest(out string) string {
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "litellm")
		if !ok {
			continue
		}
		if version, ok := strings.CutPrefix(rest, "=="); ok {
			return version
		}
		if version, ok := strings.CutPrefix(rest, " ("); ok {
			version, _, _ = strings.Cut(version, ")")
			return version
		}
	}
	return ""
}
