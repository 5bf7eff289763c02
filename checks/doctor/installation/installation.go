// Package installation holds the checks on what lies on the disk: the configuration
// file, the folders below .router and the keys.
//
// It is larger than other packages because it has a file for each check, and the checks share what
// they know of the folders.
package installation

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		configReadable(s),
		configValid(s),
		configCurrent(s),
		configSettings(s),
		configEnvironment(s),
		folderPresent(s),
		folderPrivate(s),
		folderWritable(s),
		folderSpace(s),
		folderIgnored(s),
		keysPresent(s),
		keysPrivate(s),
		usageLedger(s),
		keysNamed(s),
	}
}
