package name_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/shared/name"
)

// naming returns what the names in Redis of a stack begin with, and the id of a deployment.
func naming(secret, namespace, deployment string) (prefix, id string) {
	n := name.New(secret, namespace)
	return strings.TrimSuffix(n.Channel(), "m"), n.ID("deployment", deployment)
}

// sealAndUnseal returns the name of a key in Redis, and the key of that name.
func sealAndUnseal(secret string, k affinity.Key) (sealed string, back affinity.Key, ok bool) {
	n := name.New(secret, "")
	s := name.NewSealer(&n)
	sealed = s.Seal(k)
	back, ok = s.Unseal(sealed)
	return sealed, back, ok
}

func TestNamesDependOnTheGatewayKeyAndShowNothing(t *testing.T) {
	t.Parallel()
	prefix, id := naming("sk-gateway-1", "", "deployment-a")
	again, sameID := naming("sk-gateway-1", "", "deployment-a")
	other, otherID := naming("sk-gateway-2", "", "deployment-a")
	_, third := naming("sk-gateway-1", "", "deployment-b")
	spaced, _ := naming("sk-gateway-1", "team", "deployment-a")
	switch {
	case prefix != again || id != sameID:
		t.Error("replicas have different names")
	case prefix == other || id == otherID || id == third:
		t.Error("names of two things are the same")
	case spaced != "team:"+prefix:
		t.Errorf("with a namespace: %s, without: %s", spaced, prefix)
	case strings.Contains(prefix+id, "gateway") || strings.Contains(prefix+id, "deployment"):
		t.Errorf("%s%s shows what it stands for", prefix, id)
	}
}

func TestNamesOfSessionsAreEncrypted(t *testing.T) {
	t.Parallel()
	k := affinity.NewKey("session m", "session-0001")
	name, back, ok := sealAndUnseal("sk-gateway-1", k)
	other, _, _ := sealAndUnseal("sk-gateway-2", k)
	if !ok || back != k || name == other || name == hex.EncodeToString(k[:]) {
		t.Errorf("%s, %v, %v; with another key %s", name, back, ok, other)
	}
}
