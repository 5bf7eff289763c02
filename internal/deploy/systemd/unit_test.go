package systemd_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/deploy/systemd"
)

// closed are settings that every unit has, whatever systemd-analyze thinks of the rest.
var closed = []string{"UMask=0077", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "PrivateTmp=yes",
	"ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "RestrictNamespaces=yes", "SystemCallFilter=@system-service",
	"SystemCallFilter=~@privileged @resources", "Restart=always"}

// TestTheUnitsKeepTheirPromises looks at what the documentation says of them.
func TestTheUnitsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	stop, drain := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`), regexp.MustCompile(` -drain=(\S+)`)
	for name, text := range services {
		r, err := systemd.Render(load(t, text), systemd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		units := 0
		for _, f := range r.Files {
			if !strings.HasSuffix(f.Path, ".service") {
				continue
			}
			units++
			lines := strings.Split(f.Content, "\n")
			for _, want := range closed {
				if !slices.Contains(lines, want) {
					t.Errorf("%s: %s has no %s", name, f.Path, want)
				}
			}
			if slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "StateDirectory=") }) &&
				!slices.Contains(lines, "StateDirectoryMode=0700") {
				t.Errorf("%s: others can read the state of %s", name, f.Path)
			}
			found, seconds := drain.FindStringSubmatch(f.Content), stop.FindStringSubmatch(f.Content)
			if found == nil && strings.Contains(f.Path, "upstream") {
				continue
			}
			longest, err := time.ParseDuration(found[1])
			if n, _ := strconv.Atoi(seconds[1]); err != nil || time.Duration(n)*time.Second <= longest {
				t.Errorf("%s: %s is killed after %d s, and drains for %s", name, f.Path, n, longest)
			}
		}
		if units != 4 {
			t.Errorf("%s: %d units", name, units)
		}
	}
}
