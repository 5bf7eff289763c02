package config

import (
	"os"
	"path/filepath"
	"syscall"
)

// Place is the location of the installation that a command works on.
type Place struct {
	File  string // configuration file, as it is named from the working folder; "" for the built-in default
	Dir   string // folder of the built-in default: "." unless its .router was found above
	Found bool   // there is a configuration file or a .router; else the built-in default holds in the working folder
	Above bool   // it was found in a folder above the working folder
}

// ConfigFiles are the names of a configuration file in the folder that it belongs to.
var ConfigFiles = [...]string{filepath.Join("config", "flowgate.yaml"), "flowgate.yaml"}

// Locate returns the installation to use: the file that was named, else the nearest one in
// the working folder or above it.
//
// The search looks for a configuration file, and for the .router folder of the built-in
// default. The root of a git work tree and the home folder are the last folders that it looks
// at. It stops before a folder that is on another file system, belongs to another user or is
// writable by everybody, because such a folder is not part of this user's project. Links are
// resolved first, so the search goes up the real folders.
func Locate(named, home string) Place {
	if named != "" {
		return Place{File: named, Dir: ".", Found: true}
	}
	here, err := os.Lstat(".")
	if err != nil {
		return Place{Dir: "."}
	}
	for dir, info := ".", here; ; {
		if p, found := placeIn(dir); found {
			return p
		}
		parent := filepath.Join(dir, "..")
		above, err := os.Lstat(parent)
		if err != nil || os.SameFile(info, above) || isBorder(dir, info, home) || !isProject(here, above) {
			return Place{Dir: "."}
		}
		dir, info = parent, above
	}
}

// placeIn returns the installation in a folder; the second result is false when it has none.
func placeIn(dir string) (Place, bool) {
	p := Place{Dir: dir, Found: true, Above: dir != "."}
	for _, name := range ConfigFiles {
		p.File = filepath.Join(dir, name)
		if _, err := os.Stat(p.File); err == nil {
			return p, true
		}
	}
	p.File = ""
	info, err := os.Lstat(filepath.Join(dir, ".router"))
	return p, err == nil && info.IsDir()
}

// isBorder reports whether the search ends at dir: it is the root of a git work tree, or the
// home folder.
func isBorder(dir string, info os.FileInfo, home string) bool {
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		return true
	}
	if home == "" {
		return false
	}
	homeInfo, err := os.Stat(home)
	return err == nil && os.SameFile(info, homeInfo)
}

// isProject reports whether the folder above can hold the installation of the working folder
// here: it is on the same file system, belongs to this user and is not writable by everybody.
func isProject(here, above os.FileInfo) bool {
	hereStat, hereOK := here.Sys().(*syscall.Stat_t)
	aboveStat, aboveOK := above.Sys().(*syscall.Stat_t)
	const othersWrite = 0o002
	return hereOK && aboveOK && hereStat.Dev == aboveStat.Dev && int(aboveStat.Uid) == os.Geteuid() &&
		above.Mode().Perm()&othersWrite == 0
}
