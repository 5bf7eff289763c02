package tasks

import (
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/internal/gotest/prepare"
)

func TestTestsCollectGarbageRarelyUnlessTheDeveloperSaysHowOften(t *testing.T) {
	for set, want := range map[string]string{"": "GOGC=400", "50": "GOGC=50"} {
		t.Setenv("GOGC", set)
		for _, s := range testSteps(&prepare.Home{}, nil, nil, "") {
			if !slices.Contains(s.env, want) {
				t.Errorf("with GOGC=%q: %s", set, s.command())
			}
		}
	}
}
