package trust

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// StateDir returns the folder of the records and the key of this user:
// $XDG_STATE_HOME/flowgate, else ~/.local/state/flowgate, on macOS
// ~/Library/Application Support/flowgate. Faults: state-home-missing;
// state-home-unsafe when it lies in a git work tree, whose commits could bring
// records along, or where other users could put another folder in its place.
func StateDir(getenv func(string) string) (string, error) {
	dir, err := stateDir(getenv)
	if err != nil {
		return "", err
	}
	home := getenv("HOME")
	for _, path := range linksOf(dir) {
		if top := workTreeOf(path, home); top != "" {
			return "", unsafeHome(dir, "lies in the git work tree "+top)
		}
		if at, why := findReplaceable(filepath.Dir(path)); why != "" {
			return "", unsafeHome(dir, "can be replaced by others, for "+at+" "+why)
		}
	}
	return dir, nil
}

// stateDir is StateDir without a look at where the folder lies.
func stateDir(getenv func(string) string) (string, error) {
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) { // the specification ignores relative ones
		return filepath.Join(base, "flowgate"), nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", fault.Usage("state-home-missing", "there is no folder for records of trust: neither HOME nor XDG_STATE_HOME is set").
			WithHint("set XDG_STATE_HOME to a folder of your own")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "flowgate"), nil
	}
	return filepath.Join(home, ".local", "state", "flowgate"), nil
}

// linksOf returns the symbolic links that path leads over, each without a link in
// its own folders, and at last the path without links: each of them can be
// replaced where it lies.
func linksOf(path string) (all []string) {
	for range 40 { // as many as Linux follows
		link := firstLink(path)
		if link == "" {
			break
		}
		target, err := os.Readlink(link)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(link), target)
		}
		all = append(all, link)
		path = filepath.Join(target, strings.TrimPrefix(path, link))
	}
	return append(all, path)
}

// firstLink returns the highest part of path that is a symbolic link, "" when there is none.
func firstLink(path string) (link string) {
	for at := path; at != filepath.Dir(at); at = filepath.Dir(at) {
		if isLink(at) {
			link = at
		}
	}
	return link
}

// workTreeOf returns the git work tree that path lies in, "" when there is none.
// A home folder that is a work tree itself does not count: people keep their
// settings so, and its commits are the user's own.
func workTreeOf(path, home string) string {
	home = RealPath(home)
	for at := filepath.Dir(path); at != filepath.Dir(at) && RealPath(at) != home; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
	}
	return ""
}

// CheckStateHome reports as a fault when the user's state folder is not fit to
// hold what FlowGate believes about cfg: for a reason of StateDir, or because it
// lies in the folder of the installation itself, which is delivered by others.
// Without any folder it returns nil: nothing is believed then. Fault: state-home-unsafe.
func CheckStateHome(cfg *config.Config, getenv func(string) string) error {
	_, err := stateDirFor(cfg, getenv)
	if err != nil && fault.From(err).Code == "state-home-missing" {
		return nil
	}
	return err
}

// stateDirFor is StateDir for what is recorded about cfg.
func stateDirFor(cfg *config.Config, getenv func(string) string) (string, error) {
	dir, err := StateDir(getenv)
	if err != nil {
		return "", err
	}
	home := RealPath(getenv("HOME"))
	for _, folder := range [...]string{Folder(cfg), cfg.Paths.Root()} {
		folder = RealPath(folder)
		if IsWithin(RealPath(dir), folder) && !IsWithin(home, folder) { // an installation may lie in the home folder itself
			return "", unsafeHome(dir, "lies in the folder of the installation, "+folder)
		}
	}
	return dir, nil
}

func unsafeHome(dir, why string) error {
	return fault.Usage("state-home-unsafe", "the folder of your records of trust, %s, %s; nothing was done", dir, why).
		WithHint("set XDG_STATE_HOME to a folder below your home that only you can write, or unset it")
}
