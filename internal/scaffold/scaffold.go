// Package scaffold writes a first configuration: Init for people, WritePrivate for
// a stack that is thrown away after use.
//
// It never writes over a file unless Force is set, and then keeps the old one;
// it never replaces a key; and when it fails it leaves nothing behind.
//
// The package is larger than others: a configuration from nothing, from a provider and
// from another tool's file is written, and taken back, by one writer.
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
	Source       *Source          // the deployments; nil: those of the template
}

// Result says what Init did; all paths are relative to Options.Dir.
type Result struct {
	Created []string `json:"created"`         // files and folders, in the order they were made
	Backups []string `json:"backups"`         // old files that Force kept
	Keys    []string `json:"keys"`            // files of new keys
	Kept    []string `json:"kept,omitempty"`  // files of keys that were there before
	Found   []Offer  `json:"found,omitempty"` // what could be set up as well
	Next    []string `json:"next"`            // what to type next; shell lines
}

// Init writes config/flowgate.yaml, config/cliproxyapi.yaml, the folders under
// .router, the lines of .gitignore and, where there are none yet, the keys. It
// does all of it or nothing. Faults: already-initialised when one of the two
// files is there and Force is not set, runtime-unknown, init-failed.
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
		w.checkWritten()
	}
	w.writeFile("config/cliproxyapi.yaml", o.cliproxyYAML(upstream, management), 0o600)
	w.appendIgnore(".gitignore", "/.router/", "/config/cliproxyapi.yaml", "/config/*.bak-*", ".env")
	return w.err
}

var folders = [...]string{
	".router",
	".router/runtime",
	".router/runtime/process-logs",
	".router/auths",
	".router/secrets",
	".router/store",
	".router/generations",
}

// withDefaults fills in defaults and refuses what is unknown.
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

// checkOwnership returns a fault for folders and keys that are links, that other users own
// or that came with a commit: others could then read or replace what is written there.
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
			return fault.Usage("already-initialised", "%s is there and is not a regular file", name).
				WithHint("move it away first")
		case !o.Force:
			return fault.Usage("already-initialised", "%s is there already; nothing was changed", name).
				WithHint("-force keeps it as %s.bak-TIME and writes a new one; keys are kept", name)
		}
	}
	return nil
}

// abandon undoes what was written, and returns err as a fault.
func (w *writer) abandon(err error) error {
	if undone := w.undo(); undone != nil || fault.From(err).Code == "internal" {
		return errors.Join(initFault(err), undone)
	}
	return err
}

func initFault(err error) error {
	return fault.New("init-failed", "initialise: %w", err).
		WithHint("everything was taken back; the folder must be writable")
}

// quoteYAML returns s as a YAML text in double quotes.
func quoteYAML(s string) string { return strconv.Quote(s) }
