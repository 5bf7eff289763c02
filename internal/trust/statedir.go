package trust

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// StateDir returns the folder of this user's records and key: $XDG_STATE_HOME/flowgate,
// else ~/.local/state/flowgate, on macOS ~/Library/Application Support/flowgate. Faults:
// state-home-missing; state-home-unsafe when the folder lies in a git work tree, whose
// commits could contain records, or when other users could replace it.
func StateDir(getenv func(string) string) (string, error) {
	dir, err := expectedStateDir(getenv)
	if err != nil {
		return "", err
	}
	home := getenv("HOME")
	for _, path := range symlinksOf(dir) {
		if top := workTreeOf(path, home); top != "" {
			return "", unsafeStateDirFault(dir, "lies in the git work tree "+top)
		}
		if at, why := findReplaceable(filepath.Dir(path)); why != "" {
			return "", unsafeStateDirFault(dir, "can be replaced by others: "+at+" "+why)
		}
	}
	return dir, nil
}

// expectedStateDir returns the folder of StateDir without checking who can replace it.
func expectedStateDir(getenv func(string) string) (string, error) {
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) { // the specification ignores relative ones
		return filepath.Join(base, "flowgate"), nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", fault.Usage("state-home-missing",
			"there is no folder for records of trust: neither HOME nor XDG_STATE_HOME is set").
			WithHint("set XDG_STATE_HOME to a folder of your own")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "flowgate"), nil
	}
	return filepath.Join(home, ".local", "state", "flowgate"), nil
}

// symlinksOf returns the symbolic links that are followed when path is opened, each by
// a path without links in its folders, and last the path that they lead to. Each of
// them could be replaced in its own folder.
func symlinksOf(path string) (all []string) {
	for range 40 { // Linux follows no more
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

// workTreeOf returns the git work tree that path lies in, "" when there is none. No folder
// in path may be a symbolic link. A home folder that is itself a work tree does not count:
// it holds the user's own settings, in the user's own commits.
func workTreeOf(path, home string) string {
	home = RealPath(home)
	for at := filepath.Dir(path); at != filepath.Dir(at) && at != home; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
	}
	return ""
}

// CheckStateHome returns a fault when records about cfg in the user's state folder could be
// the work of others: for the reasons of StateDir, or because the state folder lies in the
// folder of the installation, which others may have delivered. When there is no state
// folder it returns nil, since no record is read then. Fault: state-home-unsafe.
func CheckStateHome(cfg *config.Config, getenv func(string) string) error {
	_, err := findStateDirFor(cfg, getenv)
	if err != nil && fault.From(err).Code == "state-home-missing" {
		return nil
	}
	return err
}

// findStateDirFor returns StateDir, and a fault when it lies in the installation of cfg.
func findStateDirFor(cfg *config.Config, getenv func(string) string) (string, error) {
	dir, err := StateDir(getenv)
	if err != nil {
		return "", err
	}
	home, state := RealPath(getenv("HOME")), RealPath(dir)
	for _, folder := range [...]string{Folder(cfg), cfg.Paths.Root()} {
		folder = RealPath(folder)
		if IsWithin(state, folder) && !IsWithin(home, folder) { // an installation may lie in the home folder itself
			return "", unsafeStateDirFault(dir, "lies in the folder of the installation, "+folder)
		}
	}
	return dir, nil
}

// unsafeStateDirFault returns the fault state-home-unsafe.
func unsafeStateDirFault(dir, why string) error {
	return fault.Usage("state-home-unsafe", "the folder of your records of trust, %s, %s; nothing was done", dir, why).
		WithHint("set XDG_STATE_HOME to a folder below your home that only you can write, or unset it")
}
