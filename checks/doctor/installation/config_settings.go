package installation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
)

func configSettings(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "config.settings", Title: "Every setting has an effect", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			return reportWarnings(
				configWarnings(s, false),
				program.Fix("mage config:validate"),
				"move or remove the settings named",
			)
		},
	}
}

// configWarnings returns the configuration's warnings that config:migrate takes care of
// when old is true, else the others.
func configWarnings(s *subject.Subject, old bool) []config.Warning {
	return lo.Filter(
		s.Config.Warnings,
		func(w config.Warning, _ int) bool { return slices.Contains(migratable[:], w.Code) == old },
	)
}

// reportWarnings warns of the list, and passes when it is empty.
func reportWarnings(list []config.Warning, command, text string) checks.Outcome {
	if len(list) == 0 {
		return checks.Passed(nil)
	}
	lines := lo.Map(list, func(w config.Warning, _ int) string {
		if w.Line == 0 {
			return w.Message
		}
		return fmt.Sprintf("line %d: %s", w.Line, w.Message)
	})
	return checks.Warned("").
		WithDetail(warningsDetail{checks.Notef("%s", strings.Join(lines, "; ")), list}).
		WithFix(command, text)
}
