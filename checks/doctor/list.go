package doctor

import (
	"slices"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/client"
	"github.com/flowgate-go/flowgate/checks/doctor/credential"
	"github.com/flowgate-go/flowgate/checks/doctor/environment"
	"github.com/flowgate-go/flowgate/checks/doctor/installation"
	"github.com/flowgate-go/flowgate/checks/doctor/profile"
	"github.com/flowgate-go/flowgate/checks/doctor/program"
	"github.com/flowgate-go/flowgate/checks/doctor/routing"
	"github.com/flowgate-go/flowgate/checks/doctor/service"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/checks/doctor/upstream"
	"github.com/flowgate-go/flowgate/checks/doctor/wiring"
)

// allChecks returns all checks, each after the checks that it needs.
func allChecks(s *subject.Subject) []checks.Check {
	list := slices.Concat(
		installation.Checks(s),
		program.Checks(s),
		profile.Checks(s),
		service.Checks(s),
		credential.Checks(s),
		upstream.Checks(s),
		wiring.Checks(s),
		routing.Checks(s),
		client.Checks(s),
		environment.Checks(s),
	)
	for i := range list {
		list[i].Family = "doctor"
	}
	return skipUntrusted(s, list)
}
