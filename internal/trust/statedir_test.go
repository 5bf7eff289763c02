package trust_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// environment returns one with HOME and XDG_STATE_HOME.
func environment(home, state string) func(string) string {
	return func(name string) string { return map[string]string{"HOME": home, "XDG_STATE_HOME": state}[name] }
}

func TestAStateFolderThatOthersCanFillIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrange func(dir string) error // dir holds home and place/state
		part    string                 // of the message; "" when it is all right
	}{
		"a folder of the user's": {func(string) error { return nil }, ""},
		"a work tree": {func(dir string) error { return os.Mkdir(filepath.Join(dir, "place", ".git"), 0o700) },
			"git work tree"},
		"the folder of a work tree": {func(dir string) error {
			return os.Mkdir(filepath.Join(dir, "place", "state", ".git"),
				0o700)
		}, "git work tree"},
		"a linked work tree": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: elsewhere\n"), 0o600)
		}, "git work tree"},
		"a link into a work tree": {func(dir string) error {
			return errors.Join(os.MkdirAll(filepath.Join(dir, "tree", ".git"), 0o700),
				behindLink(filepath.Join(dir, "place", "state"), filepath.Join(dir, "tree", "state")))
		}, "git work tree"},
		"a link in a work tree": {func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "place", ".git"), 0o700),
				behindLink(filepath.Join(dir, "place", "state"), filepath.Join(dir, "state")))
		}, "git work tree"},
		"a link over a link in a work tree": {func(dir string) error {
			between := filepath.Join(dir, "tree", "link")
			return errors.Join(os.MkdirAll(filepath.Join(dir, "tree", ".git"), 0o700),
				os.Mkdir(filepath.Join(dir, "state"), 0o700),
				os.Symlink("../state", between), os.Remove(filepath.Join(dir, "place", "state")),
				os.Symlink("../tree/link", filepath.Join(dir, "place", "state")))
		}, "git work tree"},
		"a link to a folder of the user's": {func(dir string) error {
			return behindLink(filepath.Join(dir, "place", "state"), filepath.Join(dir, "state"))
		}, ""},
		"open to all": {func(dir string) error { return os.Chmod(filepath.Join(dir, "place", "state"), 0o777) },
			"written by others"},
		"a folder above is open": {func(dir string) error { return os.Chmod(filepath.Join(dir, "place"), 0o777) },
			"written by others"},
		"open to a group": {func(dir string) error { return os.Chmod(filepath.Join(dir, "place"), 0o770) },
			"written by others"},
		"below a sticky folder": {func(dir string) error {
			return os.Chmod(filepath.Join(dir, "place"),
				0o777|fs.ModeSticky)
		}, ""},
		"a link out of an open folder": {func(dir string) error {
			return errors.Join(os.Chmod(filepath.Join(dir, "place"), 0o777),
				behindLink(filepath.Join(dir, "place", "state"), filepath.Join(dir, "state")))
		}, "written by others"},
	} {
		dir := t.TempDir()
		state := filepath.Join(dir, "place", "state")
		if err := errors.Join(os.MkdirAll(state, 0o700), os.Mkdir(filepath.Join(dir, "home"), 0o700),
			c.arrange(dir)); err != nil {
			t.Fatal(err)
		}
		getenv := environment(filepath.Join(dir, "home"), state)
		cfg := install(t, t.TempDir(), text)
		_, keyErr := trust.EnsureKey(getenv)
		_, recordErr := trust.WriteRecord(cfg, "trust", time.Now(), getenv)
		for _, err := range []error{keyErr, recordErr, trust.CheckStateHome(cfg, getenv)} {
			switch {
			case c.part == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case c.part == "":
			case err == nil || fault.From(err).Code != "state-home-unsafe" || !strings.Contains(err.Error(), c.part) ||
				fault.From(err).Exit != fault.ExitUsage:
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(filepath.Join(state, "flowgate")); (err == nil) != (c.part == "") {
			t.Errorf("%s: the folder: %v", name, err)
		}
	}
}

func TestAHomeFolderMayBeAWorkTreeAndAnInstallation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := install(t, dir, text)
	for _, state := range []string{"", filepath.Join(dir, "state")} {
		if _, err := trust.WriteRecord(cfg, "trust", time.Now(), environment(dir, state)); err != nil {
			t.Errorf("XDG_STATE_HOME=%s: %v", state, err)
		}
	}
}

func TestNoInstallationBringsItsOwnRecords(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	cfg := install(t, dir, text)
	for _, below := range []string{"state", ".router/state", "config"} {
		getenv := environment(home, filepath.Join(dir, below))
		if _, err := trust.WriteRecord(cfg, "trust", time.Now(), getenv); err == nil ||
			fault.From(err).Code != "state-home-unsafe" {
			t.Errorf("%s: %v", below, err)
		}
	}
	// A record that was made before the folder became the installation's is not believed either.
	getenv := environment(home, filepath.Join(dir, "state"))
	other := install(t, t.TempDir(), text)
	if _, err := trust.WriteRecord(other, "trust", time.Now(), getenv); err != nil {
		t.Fatal(err)
	}
	if v := trust.Examine(trust.Subject{Config: cfg, Named: true, Getenv: getenv}); v.Trusted ||
		trust.CheckStateHome(cfg, getenv) == nil {
		t.Errorf("%+v", v)
	}
}

func TestAStateFolderInAnotherUsersFolderIsRefused(t *testing.T) {
	t.Parallel()
	above, err := os.MkdirTemp("/tmp", "flowgate-state-") //nolint:usetesting // the other user has to get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(above) })
	if err := os.Chmod(above, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(above, "theirs")
	// sticky: but its owner may replace what is in it
	if out, err := rightstest.Other(t, "mkdir", "-m", "1777", theirs).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	state := filepath.Join(theirs, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.EnsureKey(environment(t.TempDir(), state)); err == nil ||
		fault.From(err).Code != "state-home-unsafe" {
		t.Errorf("%v", err)
	}
}
