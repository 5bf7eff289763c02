package runtimestore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

func variable(spec runtimestore.Spec, name string) string {
	for _, entry := range spec.Env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return "(unset)"
}

func TestChildrenInheritTheEnvironmentWithoutTheCommandsSwitches(t *testing.T) {
	t.Parallel()
	svc := service(config.RuntimeEcho)
	svc.Env = map[string]string{"KEY": "pre-${TOKEN}-${TOKEN}-post", "PLAIN": "$5 {x}", "EMPTY": "${BLANK}"}
	spec, err := runtimestore.Command(stack(t), svc, environment(
		"HOME=/old",
		"HOME=/home/x",
		"TOKEN=t0k",
		"BLANK=",
		"MAGEFILE_VERBOSE=1",
		"NOTIFY_SOCKET=/n",
		"WATCHDOG_USEC=5",
		"FLOWGATE_SERVICE=other",
		"FLOWGATE_CONFIG=/x",
		"FLOWGATE_FORMAT=text",
		"NO_PROXY=corp, 127.0.0.1",
		"broken",
	))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"HOME": "/home/x", "KEY": "pre-t0k-t0k-post", "PLAIN": "$5 {x}", "EMPTY": "",
		"MAGEFILE_VERBOSE": "(unset)", "NOTIFY_SOCKET": "(unset)", "WATCHDOG_USEC": "(unset)", "FLOWGATE_SERVICE": "(unset)",
		"FLOWGATE_CONFIG": "(unset)", "FLOWGATE_FORMAT": "(unset)",
		"NO_PROXY": "corp,127.0.0.1,localhost,::1", "no_proxy": "127.0.0.1,localhost,::1",
	} {
		if got := variable(spec, name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if slices.Contains(spec.Env, "broken") {
		t.Error("an entry without = went through")
	}
}

func TestAProxyExceptionForEverythingStays(t *testing.T) {
	t.Parallel()
	spec, err := runtimestore.Command(stack(t), service(config.RuntimeEcho), environment("NO_PROXY=*"))
	if got := variable(spec, "NO_PROXY"); err != nil || got != "*" {
		t.Errorf("NO_PROXY = %q, %v", got, err)
	}
}

func TestAnUnsetOrUnclosedReferenceIsReported(t *testing.T) {
	t.Parallel()
	svc := service(config.RuntimeEcho)
	svc.Env = map[string]string{"KEY": "${NOT_THERE}"}
	_, err := runtimestore.Command(stack(t), svc, environment())
	wantFault(t, err, "env-unset", "services.svc.env.KEY", "NOT_THERE", "export")
	svc.Env = map[string]string{"KEY": "a${HALF"}
	_, err = runtimestore.Command(stack(t), svc, environment())
	wantFault(t, err, "config-invalid", "services.svc.env.KEY")
}
