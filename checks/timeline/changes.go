package timeline

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/program"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
)

// collectChanges returns the last change of everything that a stack is made of, as far as
// files show it.
func collectChanges(s *subject.Subject) []Moment {
	what := "was written"
	if hasConfigDrifted(s) {
		what += "; what it says now is not in force"
	}
	all := slices.Concat(
		fileChange("config", what, program.Fix("mage doctor"), s.ShortPath, s.Config.File),
		fileChange("config", "was written", program.Fix("mage doctor"), s.ShortPath, s.Config.CLIProxyConfigFile),
	)
	for _, file := range s.KeyFiles() {
		// generation.key seals records and opens nothing. The others are listed elsewhere.
		isOther := filepath.Base(file) == "generation.key" || file == s.Config.Paths.ActiveConfig ||
			file == s.Config.CLIProxyConfigFile
		if !isOther {
			all = append(
				all,
				fileChange("key", "was written", program.Fix("mage doctor -only='keys.*,stack.*'"), s.ShortPath, file)...)
		}
	}
	all = append(
		all,
		fileChange(
			"profile",
			"was written",
			program.Fix("mage profile:set "+program.Quote(s.Profile())),
			s.ShortPath,
			s.Config.Paths.ActiveConfig,
		)...)
	return slices.Concat(all, runtimeSwitches(s), credentialChanges(s))
}

// fileChange returns the latest change of a file, which shown names for people; nil when
// the file does not exist.
func fileChange(source, what, next string, shown func(string) string, file string) []Moment {
	info, err := os.Lstat(file)
	if file == "" || err != nil {
		return nil
	}
	return []Moment{{info.ModTime().UTC(), source, shown(file), what, next}}
}

// hasConfigDrifted reports whether the configuration would generate something else than
// what is in force; false when that is not known.
func hasConfigDrifted(s *subject.Subject) bool {
	plan, err := s.PlannedConfig()
	if err != nil {
		return false
	}
	want, err := plan.YAML()
	have, readErr := safefile.Read(s.Config.Paths.ActiveConfig, safefile.DocumentLimit)
	return err == nil && readErr == nil && !bytes.Equal(want, have)
}

// runtimeSwitches returns the changes to the versions that are active in the store.
func runtimeSwitches(s *subject.Subject) []Moment {
	var all []Moment
	installed, _ := store.Installed(s.Config) // runtimes.digest reports a store that cannot be read
	for _, in := range installed {
		if in.Active {
			link := filepath.Join(store.Dir(s.Config, in.Name), "current")
			all = append(
				all,
				fileChange(
					"runtime",
					"became "+in.Version,
					program.Fix("mage logs"),
					func(string) string { return in.Name },
					link,
				)...)
		}
	}
	return all
}

// maxAccounts bounds how many changes of credentials are listed: a folder may hold thousands.
const maxAccounts = 20

// credentialChanges returns the latest changes of credentials, and when those ended that
// cannot be renewed; at most maxAccounts of each.
func credentialChanges(s *subject.Subject) []Moment {
	accounts, _ := s.Accounts() // credentials.parsable reports a folder that cannot be read
	var changed, ended []Moment
	for _, a := range accounts {
		changed = append(
			changed,
			fileChange("credential", "was written", program.Fix("mage auth:status"), filepath.Base, a.File)...)
		if a.State == auth.Dead && a.ExpiresAt != nil {
			ended = append(
				ended,
				Moment{
					a.ExpiresAt.UTC(),
					"credential",
					filepath.Base(a.File),
					"ended, and cannot be renewed",
					program.Fix("mage auth:status"),
				},
			)
		}
	}
	return slices.Concat(keepLatest(changed), keepLatest(ended))
}

// keepLatest returns the latest maxAccounts moments, the newest first.
func keepLatest(all []Moment) []Moment {
	slices.SortStableFunc(all, func(a, b Moment) int { return b.At.Compare(a.At) })
	return all[:min(len(all), maxAccounts)]
}

// lastBefore returns the last of the moments at or before at.
func lastBefore(all []Moment, at time.Time) (Moment, bool) {
	for _, m := range slices.Backward(all) {
		if !m.At.After(at) {
			return m, true
		}
	}
	return Moment{}, false
}
