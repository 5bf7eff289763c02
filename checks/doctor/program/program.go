// Package program holds the checks on what services execute: the installed
// runtimes, LiteLLM with its Python, and what they load besides the configuration.
package program

import (
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{
		runtimesInstalled(s),
		runtimesArchitecture(s),
		runtimesDigest(s),
		runtimesGood(s),
		runtimesOutdated(s),
		litellmPython(s),
		litellmPrisma(s),
		servicesDotenv(s),
		litellmInclude(s),
	}
}
