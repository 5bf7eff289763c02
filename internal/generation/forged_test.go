package generation_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/generation"
)

// TestForgedPointersChooseOnlyAmongSignedGenerations: `current` and `pins.json`
// have no signature, so whatever an archive left there must do no harm.
func TestForgedPointersChooseOnlyAmongSignedGenerations(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	root := cfg.Paths.Root()
	profiles := []string{"cost", "reliability"}
	for i := range 3 {
		setProfile(t, cfg, profiles[i%2])
		record(t, cfg, "profile:set")
	}
	planted := filepath.Join(generation.Dir(root), "0009") // as ready as it says, and not signed
	if err := os.CopyFS(planted, os.DirFS(filepath.Join(generation.Dir(root), "0002"))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(planted, "generation.json"))
	if err == nil {
		err = os.WriteFile(
			filepath.Join(planted, "generation.json"),
			[]byte(strings.ReplaceAll(string(raw), `"number": 2`, `"number": 9`)),
			0o600,
		)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, current := range []string{"", "0", "-1", "1", "9", "10", "999999999999999999999", "../../etc", "2\n9", "0x2",
		"\x00", strings.Repeat("1", 4000)} {
		if err := os.WriteFile(generation.CurrentPath(root), []byte(current), 0o600); err != nil {
			t.Fatal(err)
		}
		all, number, err := generation.List(root)
		if err != nil || number < 0 {
			t.Errorf("%q: %d, %v", current, number, err)
		}
		before, err := generation.FindPrevious(all, number)
		if err == nil && (before.Number > 3 || before.Unsigned) ||
			err != nil && fault.From(err).Code != "generation-unknown" {
			t.Errorf("%q: a rollback goes to %+v, %v", current, before, err)
		}
	}
	if _, err := generation.Find(root, 9); err == nil {
		t.Error("the planted generation can be restored")
	}
}

func TestNothingIsRemovedWhileThePinsCannotBeRead(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	root := cfg.Paths.Root()
	profiles := []string{"cost", "reliability"}
	add := func(i int) { setProfile(t, cfg, profiles[i%2]); record(t, cfg, "profile:set") }
	add(0)
	if _, err := generation.Pin(t.Context(), root, 1, true); err != nil {
		t.Fatal(err)
	}
	pins, empty := filepath.Join(generation.Dir(root), "pins.json"), filepath.Join(t.TempDir(), "pins.json")
	if err := os.WriteFile(empty, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := map[string]func() error{
		"torn":        func() error { return os.WriteFile(pins, []byte("[1"), 0o600) },
		"not numbers": func() error { return os.WriteFile(pins, []byte(`["../../etc"]`), 0o600) },
		"of others":   func() error { return errors.Join(os.WriteFile(pins, []byte("[]"), 0o600), os.Chmod(pins, 0o666)) },
		"a link":      func() error { return errors.Join(os.Remove(pins), os.Symlink(empty, pins)) },
		"larger than any": func() error {
			return errors.Join(os.Remove(pins), os.WriteFile(pins, fmt.Appendf(nil, "[]%*s", 2<<20, ""), 0o600))
		},
	}
	next := 1
	for _, name := range []string{"torn", "not numbers", "of others", "larger than any", "a link"} {
		if err := damaged[name](); err != nil {
			t.Fatal(err)
		}
		for last := max(next+1, generation.MaxKept+1); next <= last; next++ { // with more than MaxKept, each more would remove 0001
			add(next)
		}
		if _, err := os.Stat(filepath.Join(generation.Dir(root), "0001")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := generation.Pin(t.Context(), root, next, true); err == nil ||
			fault.From(err).Code != "generation-unreadable" {
			t.Errorf("%s: generation %s was pinned: %v", name, strconv.Itoa(next), err)
		}
	}
}
