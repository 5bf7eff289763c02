package access_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestAForeignHostNameIsRefusedOnLoopback(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.WithGeneral(routertest.Minimal, "flowgate_allowed_hosts: [host.docker.internal, '*.lan.example', '*glued.example']"),
		router.Options{Hosts: []string{"Gateway.Example"}})
	for host, want := range map[string]int{"evil.example": 403, "evil.example:4000": 403, "127.0.0.1.nip.io": 403,
		"localhost": 200, "localhost:4000": 200, "127.0.0.1:1": 200,
		"[::1]:4000": 200, "flowgate.localhost": 200, "gateway.example:80": 200, "LOCALHOST:4000": 200, "LocalHost.": 200,
		"localhost.:4000": 200, "Flowgate.LocalHost.": 200,
		"127.0.0.1.": 200, "GATEWAY.example.": 200, "Host.Docker.Internal:4000": 200,
		"host.docker.internal.evil.example": 403, "evilhost.docker.internal": 403,
		"box.lan.example": 200, "lan.example": 403, "evillan.example": 403, "localhost.evil.example": 403,
		"evillocalhost": 403, "localhost..": 403, "unglued.example": 403} {
		if got := s.Send("GET", "/v1/models", "", map[string]string{"Host": host}); got.Status != want {
			t.Errorf("Host %s: %d, want %d", host, got.Status, want)
		}
	}
	if _, err := routertest.Load(t, routertest.WithGeneral(routertest.Minimal, "flowgate_allowed_hosts: x"), "x:1", "x:1", nil); err == nil ||
		!strings.Contains(err.Error(), "expected a list") {
		t.Errorf("error %v", err)
	}
}

func TestAForeignHostIsAnsweredInTheRoutesEnvelope(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for path, want := range map[string]string{"/v1/messages": `{"type":"error","error":{"type":"permission_error","message":"The Host header`, "/v1/responses": `{"error":{"message":"The Host header`, "/v1/models": `{"error":{"message":"The Host header`} {
		got := s.Send("POST", path, `{"model":"m"}`, map[string]string{"Host": "evil.example"})
		if got.Status != http.StatusForbidden || !strings.HasPrefix(got.Body, want) ||
			!strings.Contains(got.Body, "flowgate_allowed_hosts") {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}
