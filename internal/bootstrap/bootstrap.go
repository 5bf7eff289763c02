// Package bootstrap installs runtimes into the store: CLIProxyAPI from GitHub's releases,
// LiteLLM from the Python package index. Call Install first; Outdated says which versions
// are new.
//
// It does not replace an active version that this user's FlowGate installed, and never
// touches a running service. It refuses a release without a known digest, unless
// Request.NoChecksum is set. For LiteLLM the lock file has the digests of one version; any
// other version is installed as the index delivers it, with a warning.
//
// It has more than 700 lines because each source of a runtime (a release, an index, a
// local archive, an existing environment) has a file, and all are steps of one Request,
// which the search for newer versions needs too.
package bootstrap

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Request says what to install. With only Config and Runtime set it
// installs the default version of LiteLLM or the latest CLIProxyAPI, unless
// a version is active.
type Request struct {
	Config     *config.Config
	Runtime    string
	Version    string // without a leading v; "" as above
	From       string // an archive or a binary on this machine, or a name to look for on PATH
	SHA256     string // expected, of the archive or binary
	NoChecksum bool   // install an asset whose digest is not known
	Offline    bool   // use only what is on this machine
	Repository string // OWNER/NAME on GitHub; default $FLOWGATE_CLIPROXYAPI_REPOSITORY, else DefaultRepository

	Getenv   func(string) string
	Progress io.Writer    // lines for people; default: nowhere
	Client   *http.Client // default: http.DefaultClient, which knows the proxy variables
	Latest   bool         // install the latest version even when another one is active
	Inactive bool         // do not activate it even when no version is active
	Pin      bool         // pin it, so that updates do not replace it
	OnStep   func(string) // called at each step; may be nil
}

// Result is what Install did.
type Result struct {
	Changed  bool            `json:"changed"`
	Runtimes []store.Install `json:"runtimes"` // the version asked for
	Warnings []string        `json:"warnings"`
}

// withDefaults returns r with its defaults filled in.
func (r Request) withDefaults() Request {
	if r.Getenv == nil {
		r.Getenv = os.Getenv
	}
	if r.Progress == nil {
		r.Progress = io.Discard
	}
	if r.Client == nil {
		r.Client = http.DefaultClient
	}
	if r.OnStep == nil {
		r.OnStep = func(string) {}
	}
	r.Version = strings.TrimPrefix(r.Version, "v")
	return r
}

// Install makes sure that a version of a runtime is in the store, and activates it if
// none was active. It needs no network when the version is in the store already.
// Faults: runtime-unknown, version-known-bad, version-invalid, checksum-invalid, offline,
// those of each source and of package store.
func Install(ctx context.Context, r Request) (Result, error) {
	r = r.withDefaults()
	if r.Runtime != config.RuntimeLiteLLM && r.Runtime != config.RuntimeCLIProxyAPI {
		return Result{}, unknownRuntimeFault(r.Runtime)
	}
	if err := r.validate(); err != nil {
		return Result{}, err
	}
	if in, ok := r.findInstalled(); ok {
		return r.finish(in, false)
	}
	lock, err := store.Lock(ctx, r.Config, r.Runtime)
	if err != nil {
		return Result{}, err
	}
	defer lock.Close()
	if in, ok := r.findInstalled(); ok { // the command that held the lock installed it
		return r.finish(in, false)
	}
	n, err := r.prepareInstall(ctx)
	if err != nil {
		return Result{}, err
	}
	if err := refuseBadVersion(r.Runtime, n.Version); err != nil {
		return Result{}, err
	}
	r.OnStep("fetched")
	fill := n.Fill
	n.Fill = func(ctx context.Context, dir string, n *store.NewInstall) error {
		err := fill(ctx, dir, n)
		r.OnStep("unpacked")
		return err
	}
	in, err := store.Add(ctx, r.Config, n)
	if err != nil {
		return Result{}, err
	}
	r.OnStep("added")
	return r.finish(in, true)
}

// prepareInstall fetches the runtime if necessary, and returns the install to add.
func (r Request) prepareInstall(ctx context.Context) (store.NewInstall, error) {
	if r.Runtime == config.RuntimeLiteLLM {
		return r.prepareLiteLLM(ctx)
	}
	if r.From != "" {
		return r.prepareLocal(ctx)
	}
	return r.prepareRelease(ctx)
}

// findInstalled returns the install that already fulfils the request. An install that this
// user's FlowGate did not make here does not count, because services do not run it.
func (r Request) findInstalled() (store.Install, bool) {
	if r.From != "" {
		return store.Install{}, false
	}
	version := r.Version
	if version == "" && r.Runtime == config.RuntimeLiteLLM && r.Latest {
		version = LiteLLMVersion
	}
	if version != "" {
		in, err := store.Find(r.Config, r.Runtime, version)
		return in, err == nil && in.Signed
	}
	if r.Latest {
		return store.Install{}, false
	}
	in, ok := store.Current(r.Config, r.Runtime)
	return in, ok && in.Signed
}

// finish activates an install when no other is active, pins it if requested, and returns the
// result. isNew says that Install added it.
func (r Request) finish(in store.Install, isNew bool) (Result, error) {
	result := Result{Changed: isNew, Warnings: []string{}}
	current, hasCurrent := store.Current(r.Config, r.Runtime)
	hasCurrent = hasCurrent && current.Signed
	switch {
	case !hasCurrent && r.Inactive:
	case !hasCurrent:
		if err := store.Activate(r.Config, r.Runtime, in.Folder()); err != nil {
			return Result{}, err
		}
		in.Active, result.Changed = true, true
		r.OnStep("activated")
	case current.Path != in.Path && !r.Inactive:
		result.Warnings = append(
			result.Warnings,
			r.Runtime+" "+current.Version+program.Text(" stays active; mage bootstrap:update ")+
				r.Runtime+" -version="+in.Version+" tries the other one and switches",
		)
	}
	if isNew && r.From == "" && r.Runtime == config.RuntimeLiteLLM && in.Version != LiteLLMVersion {
		result.Warnings = append(
			result.Warnings,
			"LiteLLM "+in.Version+" has no lock file in FlowGate: its packages were installed as the index gave them",
		)
	}
	if r.Pin && !in.Pinned {
		if err := store.Pin(r.Config, r.Runtime, in.Version); err != nil {
			return Result{}, err
		}
		in.Pinned, result.Changed = true, true
	}
	result.Runtimes = []store.Install{in}
	return result, nil
}

// validate returns a fault for an invalid request. Faults: version-invalid,
// checksum-invalid, version-known-bad, those of githubClient.
func (r Request) validate() error {
	isAllowed := func(c rune) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '+' ||
			c == '_'
	}
	if strings.ContainsFunc(r.Version, func(c rune) bool { return !isAllowed(c) }) || strings.HasPrefix(r.Version, ".") ||
		strings.HasPrefix(r.Version, "-") ||
		len(r.Version) > 64 {
		return fault.Usage("version-invalid", "%q is not a version", r.Version).
			WithHint("write it as the release has it, for example -version=%s", LiteLLMVersion)
	}
	if sum := strings.TrimPrefix(strings.ToLower(r.SHA256), "sha256:"); r.SHA256 != "" &&
		(len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "") {
		return fault.Usage("checksum-invalid", "-sha256=%s is not a SHA-256 digest", r.SHA256).
			WithHint("it has 64 hexadecimal digits; sha256sum FILE prints it")
	}
	if r.Runtime == config.RuntimeCLIProxyAPI && r.Getenv != nil {
		if _, err := r.githubClient(); err != nil {
			return err
		}
	}
	return refuseBadVersion(r.Runtime, r.Version)
}

// refuseBadVersion returns a fault for a version that is known to be bad. Fault:
// version-known-bad.
func refuseBadVersion(runtime, version string) error {
	bad, isBad := runtimestore.FindBadVersion(runtime, version)
	if !isBad {
		return nil
	}
	return fault.New("version-known-bad", "%s %s is refused: %s", runtime, version, bad.Why).WithHint("see %s", bad.Source)
}

// unknownRuntimeFault returns the fault for a runtime that cannot be installed.
func unknownRuntimeFault(name string) error {
	if name == config.RuntimeEmbedded || name == config.RuntimeEcho {
		return fault.Usage("runtime-unknown", "the runtime %q is FlowGate itself", name).
			WithHint("it needs no installation and has FlowGate's own version")
	}
	known := []string{config.RuntimeCLIProxyAPI, config.RuntimeLiteLLM}
	return fault.Usage("runtime-unknown", "there is no runtime %q to install", name).
		WithHint("%s", suggest.HintBefore("known: "+strings.Join(known, ", "), name, known))
}

// InstallNeeded installs the runtimes that the configuration's services need, one after
// the other, and stops at the first that fails.
func InstallNeeded(ctx context.Context, r Request) (Result, error) {
	all := Result{Runtimes: []store.Install{}, Warnings: []string{}}
	for _, name := range NeededRuntimes(r.Config) {
		r.Runtime = name
		one, err := Install(ctx, r)
		if err != nil {
			return all, err
		}
		all.Changed = all.Changed || one.Changed
		all.Runtimes = append(all.Runtimes, one.Runtimes...)
		all.Warnings = append(all.Warnings, one.Warnings...)
	}
	return all, nil
}

// NeededRuntimes returns the runtimes that the services of a configuration run and that
// FlowGate does not contain.
func NeededRuntimes(cfg *config.Config) []string {
	var names []string
	for _, svc := range cfg.Services {
		if svc.Runtime == config.RuntimeLiteLLM || svc.Runtime == config.RuntimeCLIProxyAPI {
			names = append(names, svc.Runtime)
		}
	}
	return slices.Compact(names)
}

// findProgram returns the absolute path of a program, which is given by its path or by its
// name on PATH.
func findProgram(name string) (string, error) {
	if _, err := os.Stat(name); err != nil && !strings.ContainsRune(name, '/') {
		if name, err = exec.LookPath(name); err != nil {
			return "", err
		}
	}
	return filepath.Abs(name)
}
