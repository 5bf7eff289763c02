package autostart_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/autostart"
	"github.com/flowgate-go/flowgate/internal/config"
)

// TestAUnitKnowsWhereTheRecordsOfTrustAre: a manager has not the shell's
// environment, and the supervisor would take the configuration for untrusted.
func TestAUnitKnowsWhereTheRecordsOfTrustAre(t *testing.T) {
	for goos, want := range map[string]string{
		"linux":  `Environment="XDG_STATE_HOME=/my $state/100%%\\x"`,
		"darwin": `<dict><key>XDG_STATE_HOME</key><string>/my $state/100%\x</string></dict>`,
	} {
		for state, expected := range map[string]bool{`/my $state/100%\x`: true, "": false} {
			t.Setenv("XDG_STATE_HOME", state)
			o := autostart.Options{Config: config.Default(t.TempDir()), Program: "/bin/flowgate", Home: t.TempDir(), OS: goos,
				Run: func(context.Context, string, ...string) error { return nil }}
			u, err := autostart.Install(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(u.File)
			if err != nil || strings.Contains(string(text), want) != expected ||
				strings.Contains(string(text), "XDG_STATE_HOME") != expected {
				t.Errorf("%s, %q: %v\n%s", goos, state, err, text)
			}
		}
	}
}
