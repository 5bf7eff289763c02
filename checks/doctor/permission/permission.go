// Package permission holds what the checks on folders, keys and credentials share:
// Examine finds the files that other users can read or write, Restrict takes
// those permissions away.
package permission

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/program"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// exposure is a file or folder that other users can use, or that another user owns.
type exposure struct {
	Path  string `json:"path"`
	Mode  string `json:"mode"`  // octal, "0644"
	Owner int    `json:"owner"` // user id
	// Want is the mode that -fix gives it; "" when another user owns it, or when it
	// is a folder for all users, such as /tmp.
	Want string `json:"want,omitempty"`

	want fs.FileMode
}

// exposures is the detail of the checks on permissions.
type exposures struct {
	checks.Note
	Files []exposure `json:"files"`
}

// Examine fails when another user owns one of the paths or can use it. It leaves
// out paths that do not exist, and follows links: what counts is who can read the
// key. Without a finding it is skipped when one of the paths cannot be examined.
func Examine(s *subject.Subject, paths []string) checks.Outcome {
	found, err := findExposed(paths)
	switch {
	case len(found) == 0 && err != nil:
		return checks.Skipped("the permissions are not known: %v", err)
	case len(found) == 0:
		return checks.Passed(nil)
	}
	lines := lo.Map(found, func(e exposure, _ int) string {
		if e.Want == "" {
			return fmt.Sprintf("%s belongs to user id %d, with mode %s", s.ShortPath(e.Path), e.Owner, e.Mode)
		}
		return fmt.Sprintf("%s has mode %s", s.ShortPath(e.Path), e.Mode)
	})
	return checks.Failed("").WithDetail(exposures{checks.Notef("%s", strings.Join(lines, ", ")), found}).
		WithFix(chmodCommand(s, found), "keep other users out; -fix does it")
}

// Restrict takes the permissions of other users away from the exposed paths that lie in
// the installation, and returns a line for each path that it changed.
func Restrict(s *subject.Subject, paths []string) ([]string, error) {
	found, _ := findExposed(paths) // Examine says what cannot be examined
	var done []string
	for _, e := range found {
		if e.Want == "" || !s.OwnsPath(e.Path) {
			continue
		}
		if err := os.Chmod(e.Path, e.want); err != nil {
			return done, err
		}
		done = append(done, fmt.Sprintf("gave %s mode %s", s.ShortPath(e.Path), e.Want))
	}
	return done, nil
}

// findExposed returns the exposed files and folders among the paths, and the first error
// about a path that cannot be examined.
func findExposed(paths []string) (found []exposure, err error) {
	for _, path := range paths {
		info, statErr := os.Stat(path)
		if statErr != nil {
			if err == nil && !errors.Is(statErr, fs.ErrNotExist) {
				err = statErr
			}
			continue
		}
		if e, exposed := examineFile(path, info); exposed {
			found = append(found, e)
		}
	}
	return found, err
}

// examineFile returns the exposure of a file or folder, and whether it is exposed.
func examineFile(path string, info fs.FileInfo) (e exposure, exposed bool) {
	owner := os.Geteuid()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(st.Uid)
	}
	mode := info.Mode().Perm()
	e = exposure{Path: path, Mode: fmt.Sprintf("%04o", mode), Owner: owner}
	switch {
	case owner != os.Geteuid():
		return e, true
	case mode&0o077 == 0:
		return e, false
	case info.Mode()&fs.ModeSticky != 0: // a folder for all users, such as /tmp, stays open
		return e, true
	}
	e.want = mode &^ 0o077
	e.Want = fmt.Sprintf("%04o", e.want)
	return e, true
}

// chmodCommand returns the command that does what -fix does; "" when no chmod is
// enough.
func chmodCommand(s *subject.Subject, found []exposure) string {
	words := []string{"chmod", "go-rwx"}
	for _, e := range found {
		if e.Want == "" {
			return ""
		}
		words = append(words, program.Quote(s.ShortPath(e.Path)))
	}
	return strings.Join(words, " ")
}
