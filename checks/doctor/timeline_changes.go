package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
)

// changes are the last changes of everything that a stack is made of, as far as
// files show them: each file only its latest.
func (s *subject) changes() []Moment {
	what := "was written"
	if s.drifted() {
		what += "; what it says now is not in force"
	}
	all := slices.Concat(
		written("config", what, "mage doctor", s.shown, s.cfg.File),
		written("config", "was written", "mage doctor", s.shown, s.cfg.CLIProxyConfigFile),
	)
	for _, file := range s.keyFiles() {
		// generation.key seals records and opens nothing.
		own := filepath.Base(file) == "generation.key" || file == s.cfg.Paths.ActiveConfig || file == s.cfg.CLIProxyConfigFile
		if !own {
			all = append(all, written("key", "was written", "mage doctor -only='keys.*,stack.*'", s.shown, file)...)
		}
	}
	all = append(all, written("profile", "was written", "mage profile:set "+quoted(s.profile()), s.shown, s.cfg.Paths.ActiveConfig)...)
	return slices.Concat(all, s.installs(), s.signIns())
}

// written is the latest change of a file; none for one that is not there.
func written(source, what, next string, shown func(string) string, file string) []Moment {
	info, err := os.Lstat(file)
	if file == "" || err != nil {
		return nil
	}
	return []Moment{{info.ModTime().UTC(), source, shown(file), what, next}}
}

// drifted reports that the configuration would generate something else than
// what is in force; false when that cannot be told.
func (s *subject) drifted() bool {
	plan, err := s.plan()
	if err != nil {
		return false
	}
	want, err := plan.Bytes()
	have, unread := safefile.Read(s.cfg.Paths.ActiveConfig, safefile.Document)
	return err == nil && unread == nil && !bytes.Equal(want, have)
}

// installs are the switches to the versions that are active in the store.
func (s *subject) installs() []Moment {
	var all []Moment
	installed, _ := store.Installed(s.cfg) // runtimes.digest tells of a store that cannot be read
	for _, in := range installed {
		if in.Active {
			link := filepath.Join(store.Dir(s.cfg, in.Name), "current")
			all = append(all, written("runtime", "became "+in.Version, "mage logs", func(string) string { return in.Name }, link)...)
		}
	}
	return all
}

// signIns are the latest changes of credentials, and ends that nothing renews;
// the latest twenty of each.
func (s *subject) signIns() []Moment {
	accounts, _ := s.accounts() // credentials.parsable tells of a folder that cannot be read
	var changed, ended []Moment
	for _, a := range accounts {
		changed = append(changed, written("credential", "was written", "mage auth:status", filepath.Base, a.File)...)
		if a.State == auth.Dead && a.ExpiresAt != nil {
			ended = append(ended, Moment{a.ExpiresAt.UTC(), "credential", filepath.Base(a.File), "ended, and cannot be renewed", "mage auth:status"})
		}
	}
	return slices.Concat(latest(changed), latest(ended))
}

func latest(all []Moment) []Moment {
	slices.SortStableFunc(all, func(a, b Moment) int { return b.At.Compare(a.At) })
	return all[:min(len(all), mostTold)]
}

// before is the last of the moments that is not after at.
func before(all []Moment, at time.Time) (Moment, bool) {
	for _, m := range slices.Backward(all) {
		if !m.At.After(at) {
			return m, true
		}
	}
	return Moment{}, false
}
