// Package scaffold writes a first configuration: Init for users, WritePrivate for
// a stack that is removed after use.
//
// It never overwrites a file unless Force is set, and then keeps the old one;
// it never replaces a key; and when it fails it leaves nothing behind.
//
// The package is larger than others because one writer writes, and undoes, all kinds of
// first configurations: the default one, one for a provider and one from another tool's file.
package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// File is where Init writes the configuration, in the project's folder.
const File = "config/flowgate.yaml"

// Options say what Init writes and where.
type Options struct {
	Dir          string           // the project's folder; "" is the working folder
	Runtime      string           // config.RuntimeEmbedded (default) or config.RuntimeLiteLLM
	Upstream     string           // config.RuntimeEcho (default) or config.RuntimeCLIProxyAPI
	RouterPort   int              // default config.DefaultRouterPort
	UpstreamPort int              // default config.DefaultUpstreamPort
	Force        bool             // overwrite the two configuration files, keeping the old ones
	Now          func() time.Time // names backups; default time.Now
	Source       *Source          // the deployments; nil for those of the template
}

// Result says what Init did; all paths are relative to Options.Dir.
type Result struct {
	Created []string `json:"created"`         // files and folders in order of creation; folders end in /
	Backups []string `json:"backups"`         // old files that Force kept
	Keys    []string `json:"keys"`            // files of new keys
	Kept    []string `json:"kept,omitempty"`  // files of keys that were there before
	Found   []Offer  `json:"found,omitempty"` // what init could set up instead
	Next    []string `json:"next"`            // what to type next; shell lines
}

// Init writes config/flowgate.yaml, config/cliproxyapi.yaml, the folders under
// .router, the lines of .gitignore and the keys that do not exist yet. It
// writes all or nothing. Faults: already-initialised when one of the two
// files exists and Force is not set, runtime-unknown, folder-name-invalid,
// state-untrusted and other faults of package trust, key-exists, init-failed; with a
// Source those of config.Load.
func Init(o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	if err := o.checkOverwrite(); err != nil {
		return Result{}, err
	}
	w := &writer{dir: o.Dir, stamp: o.Now().UTC().Format("20060102T150405Z")}
	if err := o.write(w); err != nil {
		return Result{}, w.abandon(err)
	}
	w.result.Next = o.nextCommands()
	return w.result, nil
}

// write makes all files and folders, and returns the first error.
func (o Options) write(w *writer) error {
	for _, dir := range folders {
		w.makeFolder(dir, 0o700)
	}
	text := o.flowgateYAML("", "")
	if o.Source != nil {
		w.writeSecrets(o.Source.Secrets)
		text = o.sourceYAML()
	}
	upstream, management := w.ensureKey("upstream.key"), w.ensureKey("management.key")
	w.ensureKey("gateway.key")
	w.makeFolder("config", 0o755)
	w.writeFile(File, text, 0o644)
	if o.Source != nil {
		w.checkLoadable()
	}
	w.writeFile("config/cliproxyapi.yaml", o.cliproxyYAML(upstream, management), 0o600)
	w.appendIgnore(".gitignore", "/.router/", "/config/cliproxyapi.yaml", "/config/*.bak-*", ".env")
	return w.err
}

// folders are the folders that Init makes for the stack's state.
var folders = [...]string{
	".router",
	".router/runtime",
	".router/runtime/process-logs",
	".router/auths",
	".router/secrets",
	".router/store",
	".router/generations",
}

// withDefaults returns o with its defaults filled in. Faults: runtime-unknown,
// folder-name-invalid, init-failed.
func (o Options) withDefaults() (Options, error) {
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, initFault(err)
	}
	if err := config.CheckFolder(abs); err != nil {
		return o, err
	}
	o.Dir = abs
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Runtime, err = chooseRuntime("runtime", o.Runtime, config.RuntimeEmbedded, config.RuntimeLiteLLM)
	if err != nil {
		return o, err
	}
	o.Upstream, err = chooseRuntime("upstream", o.Upstream, config.RuntimeEcho, config.RuntimeCLIProxyAPI)
	if o.RouterPort == 0 {
		o.RouterPort = config.DefaultRouterPort
	}
	if o.UpstreamPort == 0 {
		o.UpstreamPort = config.DefaultUpstreamPort
	}
	return o, err
}

// chooseRuntime returns value, or the first of known when it is empty.
func chooseRuntime(flag, value string, known ...string) (string, error) {
	for _, k := range known {
		if value == k || value == "" {
			return k, nil
		}
	}
	return "", fault.Usage("runtime-unknown", "unknown -%s=%s", flag, value).
		WithHint("%s", suggest.HintBefore("known: "+strings.Join(known, ", "), value, known))
}

// keys are the files of FlowGate's own keys.
var keys = [...]string{".router/secrets/gateway.key", ".router/secrets/upstream.key", ".router/secrets/management.key"}

// checkOwnership returns a fault when a folder or key is a symbolic link, belongs to another
// user or is tracked by git: others could then read or replace what is written there.
func (o Options) checkOwnership() error {
	for _, name := range slices.Concat(folders[:], keys[:], []string{"config"}) {
		path := filepath.Join(o.Dir, name)
		info, err := os.Lstat(path)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return fault.Usage("state-untrusted", "%s is a symbolic link; nothing was changed", name).
				WithHint("remove it: init makes the folder itself")
		}
		if err := trust.CheckOwner(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
	}
	if err := trust.CheckReplaceable(filepath.Join(o.Dir, ".router")); err != nil {
		return err
	}
	return trust.CheckUntracked(filepath.Join(o.Dir, ".router"))
}

// checkOverwrite returns a fault when a file exists that Init must not overwrite.
func (o Options) checkOverwrite() error {
	if err := o.checkOwnership(); err != nil {
		return err
	}
	for _, name := range [...]string{File, "config/cliproxyapi.yaml"} {
		info, err := os.Lstat(filepath.Join(o.Dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return initFault(err)
		case !info.Mode().IsRegular():
			return fault.Usage("already-initialised", "%s exists and is not a regular file", name).
				WithHint("move it away first")
		case !o.Force:
			return fault.Usage("already-initialised", "%s exists already; nothing was changed", name).
				WithHint("-force keeps it as %s.bak-TIME and writes a new one; keys are kept", name)
		}
	}
	return nil
}

// abandon undoes what was written, and returns err as a fault.
func (w *writer) abandon(err error) error {
	if undoErr := w.undo(); undoErr != nil || fault.From(err).Code == "internal" {
		return errors.Join(initFault(err), undoErr)
	}
	return err
}

// initFault returns the fault for a step that failed.
func initFault(err error) error {
	return fault.New("init-failed", "initialise: %w", err).
		WithHint("everything was undone; the folder must be writable, with room on its disk")
}

// quoteYAML returns s as a YAML string in double quotes.
func quoteYAML(s string) string { return strconv.Quote(s) }
