package runtimestore_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
)

func TestCompromisedVersionsAreKnownByName(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"1.82.6": false, "1.82.7": true, "v1.82.8": true, "1.82.8+x": true,
		"1.82.9": false, "1.106.2": false} {
		bad, got := runtimestore.FindBadVersion(config.RuntimeLiteLLM, version)
		if got != want || got && (bad.Why == "" || bad.Source == "") {
			t.Errorf("%s: %+v, %v", version, bad, got)
		}
	}
	if _, bad := runtimestore.FindBadVersion(config.RuntimeCLIProxyAPI, "1.82.7"); bad {
		t.Error("another runtime has the version of LiteLLM's")
	}
}
