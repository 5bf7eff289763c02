// Package autostart makes the user's service manager run a stack's supervisor from login
// on: as a systemd user unit on Linux, as a launchd agent on macOS. Call Install or
// Uninstall; neither needs root.
//
// Each runtime folder has a unit of its own, so several stacks never interfere.
package autostart

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Options configure Install and Uninstall. Only Config is required: the defaults are
// this machine, this user and this program.
type Options struct {
	Config  *config.Config
	Program string // absolute path of this program; default os.Executable
	Home    string // default os.UserHomeDir
	OS      string // linux or darwin; default runtime.GOOS
	Start   bool   // also start the supervisor now
	// runs a command of the manager; default: with os/exec
	Run func(ctx context.Context, name string, args ...string) error
}

// Unit is what was installed or removed.
type Unit struct {
	Manager string `json:"manager"` // systemd or launchd
	Name    string `json:"name"`
	File    string `json:"file"`
	Changed bool   `json:"changed"`
	Started bool   `json:"started"`
	// Warnings names the environment variables that the stack reads and that do not exist at login.
	Warnings []string `json:"warnings"`
}

// unit holds the values of a template.
type unit struct {
	Name, Program, Config, Dir, Log, Description string
	// XDG_STATE_HOME, below which the records of trust are; the manager does not set it
	State string
}

// Install writes the unit and enables it. When the manager refuses a new unit, Install
// removes it. Faults: autostart-unsupported, autostart-failed.
func Install(ctx context.Context, o Options) (Unit, error) {
	m, u, err := o.complete()
	if err != nil {
		return u, err
	}
	text, err := m.write(o, u)
	if err != nil {
		return u, err
	}
	old, readErr := os.ReadFile(u.File)
	u.Changed = readErr != nil || !bytes.Equal(old, text)
	if err := os.MkdirAll(filepath.Dir(u.File), 0o755); err != nil { //nolint:gosec // other users may read the manager's folder
		return u, managerFault(u, err)
	}
	if err := renameio.WriteFile(u.File, text, 0o644); err != nil { // the unit contains no secret
		return u, managerFault(u, err)
	}
	for _, command := range m.enable(u, o.Start) {
		if err := o.Run(ctx, command[0], command[1:]...); err != nil {
			if readErr != nil {
				_ = os.Remove(u.File)
			}
			u.Changed = false
			return u, managerFault(u, err)
		}
	}
	u.Started, u.Warnings = o.Start, warnMissingVariables(o.Config, u.Manager)
	return u, nil
}

// Uninstall disables the unit, which ends the supervisor if the manager started it, and
// removes it. A unit that does not exist is not an error. Faults: autostart-unsupported,
// autostart-failed.
func Uninstall(ctx context.Context, o Options) (Unit, error) {
	m, u, err := o.complete()
	if err != nil {
		return u, err
	}
	if _, err := os.Stat(u.File); errors.Is(err, os.ErrNotExist) {
		return u, nil
	}
	for _, command := range m.disable(u) {
		if err := o.Run(ctx, command[0], command[1:]...); err != nil {
			return u, managerFault(u, err)
		}
	}
	if err := os.Remove(u.File); err != nil {
		return u, managerFault(u, err)
	}
	u.Changed = true
	return u, nil
}

// managerFault returns the fault for a manager that refuses a unit.
func managerFault(u Unit, err error) error {
	return fault.New("autostart-failed", "%s unit %s: %w", u.Manager, u.Name, err).
		WithHint("your user's service manager must run: on Linux, log in at the machine or run `loginctl enable-linger`")
}

// complete fills in the defaults and chooses the manager.
func (o *Options) complete() (manager, Unit, error) {
	var err error
	if o.Program == "" {
		o.Program, err = os.Executable()
	}
	if o.Home == "" && err == nil {
		o.Home, err = os.UserHomeDir()
	}
	if err != nil {
		return manager{}, Unit{}, fault.New("autostart-failed", "look for this program and the home folder: %w", err)
	}
	if o.OS == "" {
		o.OS = runtime.GOOS
	}
	if o.Run == nil {
		o.Run = runManager
	}
	sum := sha256.Sum256([]byte(o.Config.Paths.RuntimeDir))
	id := hex.EncodeToString(sum[:4])
	switch o.OS {
	case "linux":
		name := "flowgate-" + id + ".service"
		return systemd(), Unit{Manager: "systemd", Name: name,
			File: filepath.Join(o.Home, ".config", "systemd", "user", name)}, nil
	case "darwin":
		name := "dev.flowgate." + id
		return launchd(), Unit{Manager: "launchd", Name: name,
			File: filepath.Join(o.Home, "Library", "LaunchAgents", name+".plist")}, nil
	}
	return manager{}, Unit{}, fault.Usage("autostart-unsupported", "no service manager of %s is known", o.OS)
}

// runManager runs a command of the manager.
func runManager(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // systemctl or launchctl
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

//go:generate go tool qtc -skipLineComments

// manager is a service manager: the text of its unit and its commands.
type manager struct {
	render  func(unit) string                   // returns the text of a unit whose values are escaped
	escape  func(unit) (unit, error)            // escapes the values for that text
	enable  func(u Unit, start bool) [][]string // returns the commands that enable and start a unit
	disable func(u Unit) [][]string             // returns the commands that stop and disable a unit
}

// write returns the text of the unit.
func (m manager) write(o Options, u Unit) ([]byte, error) {
	values, err := m.escape(unit{
		Name: u.Name, Program: o.Program, Config: o.Config.File, Dir: o.Config.Dir,
		Log: filepath.Join(o.Config.Paths.RuntimeDir, "supervisor.log"), State: os.Getenv("XDG_STATE_HOME"),
	})
	return []byte(m.render(values)), err
}
