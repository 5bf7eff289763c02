package agents_test

import (
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/agents"
	"github.com/flowgate-go/flowgate/test/walk"
)

// TestTheWalksOfThePageReachAModelWithTheRealAgents types docs/first-steps.md. The times that it
// logs are those of the page's table; they are not compared, since a loaded machine is slower.
func TestTheWalksOfThePageReachAModelWithTheRealAgents(t *testing.T) {
	requireAgents(t)
	root := filepath.Join("..", "..")
	installed, err := agents.Install(t.Context(), "", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	binary, err := subprocess.CompileFlowGate(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	walks, _ := walk.Read(t, root)
	for _, w := range walks { // one after the other, so that the times are those of a person's machine
		t.Run(w.Title, func(t *testing.T) {
			output, took := walk.Type(t, w, binary, filepath.Join(installed, "node_modules", ".bin"))
			t.Logf("%d commands in %.1f s", len(w.Commands), took.Seconds())
			if !walk.HasAnswer(output) {
				t.Errorf("the last command printed %s", output)
			}
		})
	}
}
