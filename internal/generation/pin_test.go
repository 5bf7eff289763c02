package generation_test

import (
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/generation"
)

func TestPinsOfManyCommandsAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	const several = 12
	cfg := initialised(t)
	root := cfg.Paths.Root()
	profiles := []string{"cost", "reliability"}
	for i := range several {
		setProfile(t, cfg, profiles[i%2])
		record(t, cfg, "profile:set")
	}
	pin := func(off bool) {
		var all sync.WaitGroup
		for n := 1; n <= several; n++ {
			all.Go(func() {
				if g, err := generation.Pin(t.Context(), root, n, !off); err != nil || g.Pinned == off {
					t.Errorf("pin %d: %+v, %v", n, g, err)
				}
			})
		}
		all.Wait()
	}
	pin(false)
	for i := range generation.MaxKept + 3 { // each removes what is not pinned
		setProfile(t, cfg, profiles[i%2])
		record(t, cfg, "profile:set")
	}
	list, _, err := generation.List(root)
	if err != nil {
		t.Fatal(err)
	}
	for n := range several {
		if n >= len(list) || list[n].Number != n+1 || !list[n].Pinned {
			t.Fatalf("pin %d was lost: %+v", n+1, list)
		}
	}
	pin(true)
	list, _, err = generation.List(root)
	for _, g := range list {
		if g.Pinned {
			t.Errorf("%d is still pinned, %v", g.Number, err)
		}
	}
	if _, err := generation.Pin(t.Context(), root, 999, true); err == nil {
		t.Error("a generation that there is not was pinned")
	}
	if _, err := generation.Pin(t.Context(), t.TempDir(), 1, true); err == nil {
		t.Error("a generation was pinned where there is none")
	}
}
