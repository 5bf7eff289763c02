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
	Active    string    `json:"active"`              // "" when none is
	Latest    string    `json:"latest"`              // "" when it could not be asked
	Outdated  bool      `json:"outdated"`            // latest is another version than the active one
	Pinned    string    `json:"pinned,omitempty"`    // version that a pin holds
	Reason    string    `json:"reason,omitempty"`    // why it is not to be updated, or could not be asked
	CheckedAt time.Time `json:"checked_at,omitzero"` // never asked when left out
}

// MarshalJSON writes outdated as null while no latest version is known.
func (n VersionStatus) MarshalJSON() ([]byte, error) {
	type plain VersionStatus
	doc := struct {
		plain
		Outdated *bool `json:"outdated"`
	}{plain: plain(n)}
	if n.Latest != "" {
		doc.Outdated = &n.Outdated
	}
	return json.Marshal(doc)
}

// maxStatusAge is how long an answer is good for.
const maxStatusAge = 24 * time.Hour

// Outdated says for each runtime in the store, or that the configuration needs,
// what its latest version is. Answers are a day old at most, or new when online
// is set; with r.Offline the last one is taken however old. A source that does
// not answer is not an error: its Reason says so.
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
	news := []VersionStatus{}
	for _, name := range [...]string{config.RuntimeCLIProxyAPI, config.RuntimeLiteLLM} {
		if names[name] {
			r.Runtime = name
			news = append(news, r.checkVersion(ctx, online, now))
		}
	}
	return news, ctx.Err()
}

// checkVersion returns the status of one runtime, and asks its source when the last answer
// is too old.
func (r Request) checkVersion(ctx context.Context, online bool, now time.Time) VersionStatus {
	path := filepath.Join(store.Dir(r.Config, r.Runtime), "latest.json")
	var n VersionStatus
	if data, err := safefile.Read(path, safefile.DocumentLimit); err == nil {
		_ = json.Unmarshal(data, &n) // a damaged file counts as none
	}
	age := now.Sub(n.CheckedAt)
	if !r.Offline && (online || n.Latest == "" || age > maxStatusAge || age < 0) {
		n.Reason, n.CheckedAt = "", now.UTC()
		latest, err := r.LatestVersion(ctx)
		if err != nil {
			n.Reason = err.Error()
		} else {
			n.Latest = latest
			r.cacheStatus(path, n)
		}
	}
	n.Name, n.Active, n.Pinned = r.Runtime, "", store.PinnedVersion(r.Config, r.Runtime)
	if current, ok := store.Current(r.Config, r.Runtime); ok {
		n.Active = current.Version
	}
	if n.Latest == "" && n.Reason == "" {
		n.Reason = "the latest version was never asked for: bootstrap:outdated without -offline does"
	}
	n.Outdated = n.Latest != "" && n.Latest != n.Active
	bad, isBad := runtimestore.FindBadVersion(r.Runtime, n.Latest)
	switch {
	case isBad:
		n.Outdated, n.Reason = false, "the latest version is known bad: "+bad.Why
	case n.Pinned != "" && n.Outdated:
		n.Reason = "pinned to " + n.Pinned + " by bootstrap -pin; bootstrap:update " + r.Runtime + " -unpin lets go"
	case r.Runtime == config.RuntimeLiteLLM && n.Outdated:
		n.Reason = "bootstrap:update litellm goes to " + LiteLLMVersion +
			", whose packages are known by their digests; -version=" + n.Latest + " takes the latest without"
	}
	return n
}

// cacheStatus writes a status for later commands.
func (r Request) cacheStatus(path string, n VersionStatus) {
	data, err := json.Marshal(n)
	if err == nil && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = renameio.WriteFile(path, data, 0o600) // a cache
	}
}

// LatestVersion asks the runtime's source. Faults: those of GitHub's API,
// python-missing, packages-failed, latest-unknown.
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

// latestLiteLLM asks the package index that pip or uv is set to.
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

// parseLatest reads "litellm (1.2.3)", as pip prints it, or "litellm==1.2.3", as uv does.
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
