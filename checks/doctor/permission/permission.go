// Package permission finds the files that other users can read or write, says so,
// and takes those permissions away: what the checks on folders, keys and
// credentials share.
package permission

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// exposure is a file or folder that others may use, or that is not ours.
type exposure struct {
	Path  string `json:"path"`
	Mode  string `json:"mode"`           // octal, "0644"
	Owner int    `json:"owner"`          // user id
	Want  string `json:"want,omitempty"` // mode that -fix gives it; "" when it is another user's, or a folder for everybody such as /tmp

	want fs.FileMode
}

// exposures is the detail of the checks about permissions.
type exposures struct {
	checks.Note
	Files []exposure `json:"files"`
}

// FindExposed returns those of paths that somebody else may read or write, or that
// belong to somebody else; what does not exist is left out. Links are followed:
// what counts is who can read the key.
func FindExposed(all []string) []exposure {
	var found []exposure
	for _, path := range all {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		owner := os.Geteuid()
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			owner = int(st.Uid)
		}
		e := exposure{Path: path, Mode: fmt.Sprintf("%04o", info.Mode().Perm()), Owner: owner}
		switch {
		case owner != os.Geteuid():
		case info.Mode().Perm()&0o077 != 0 && info.Mode()&fs.ModeSticky != 0: // /tmp and its like: everybody's on purpose
		case info.Mode().Perm()&0o077 != 0:
			e.want = info.Mode().Perm() &^ 0o077
			e.Want = fmt.Sprintf("%04o", e.want)
		default:
			continue
		}
		found = append(found, e)
	}
	return found
}

func Describe(s *subject.Subject, found []exposure) exposures {
	lines := lo.Map(found, func(e exposure, _ int) string {
		if e.Want == "" {
			return fmt.Sprintf("%s belongs to user id %d, with mode %s", s.ShortPath(e.Path), e.Owner, e.Mode)
		}
		return fmt.Sprintf("%s has mode %s", s.ShortPath(e.Path), e.Mode)
	})
	return exposures{checks.Notef("%s", strings.Join(lines, ", ")), found}
}

// ChmodCommand is the command that does what -fix does, for people who rather do it
// themselves; "" when it takes more than that.
func ChmodCommand(s *subject.Subject, found []exposure) string {
	words := []string{"chmod", "go-rwx"}
	for _, e := range found {
		if e.Want == "" {
			return ""
		}
		words = append(words, subject.ShellQuote(s.ShortPath(e.Path)))
	}
	return strings.Join(words, " ")
}

// Protect takes the rights of others away.
func Protect(s *subject.Subject, found []exposure) ([]string, error) {
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
