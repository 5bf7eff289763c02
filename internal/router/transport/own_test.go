package transport_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

const ownPrompt = `{"model":"m","messages":[{"role":"user","content":"private prompt"}]}`

// TestNothingIsSentToAnotherUserAtASupervisedAddress has another user listen
// where the upstream was, as after a crash.
func TestNothingIsSentToAnotherUserAtASupervisedAddress(t *testing.T) {
	t.Parallel()
	theirs := rightstest.OtherListens(t, "127.0.0.1", 0)
	_, port, _ := net.SplitHostPort(theirs.Addr)
	for name, opts := range map[string]router.Options{
		"supervised":              {Supervised: []string{"127.0.0.1:1", theirs.Addr}},
		"by another name":         {Supervised: []string{"localhost:" + port}},
		"through 0.0.0.0":         {Supervised: []string{theirs.Addr}},
		"a key of FlowGate's own": {OwnKeys: []string{"sk-other", "sk-upstream-own"}},
	} {
		at := theirs.Addr
		if name == "through 0.0.0.0" {
			at = "0.0.0.0:" + port
		}
		s := routertest.StartAt(t, at, routertest.OwnKey, opts)
		got := s.Send(http.MethodPost, "/v1/chat/completions", ownPrompt, nil)
		if got.Status != http.StatusBadGateway || !strings.Contains(got.Body, "process of another user") ||
			strings.Contains(got.Body, port) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if !strings.Contains(s.Log.String(), "not-ours") {
			t.Errorf("%s: the log does not name the cause: %s", name, s.Log.String())
		}
	}
	if heard := theirs.Heard(); strings.Contains(heard, "POST") || strings.Contains(heard, "sk-") {
		t.Errorf("the other user heard %q", heard)
	}
}

func TestAProgramThatIsNotSupervisedMayBeAnybodys(t *testing.T) {
	t.Parallel()
	theirs := rightstest.OtherListens(t, "127.0.0.1", 0)
	s := routertest.StartAt(t, theirs.Addr, routertest.OwnKey, router.Options{Supervised: []string{"127.0.0.1:1"},
		OwnKeys: []string{"sk-other"}})
	s.Send(http.MethodPost, "/v1/chat/completions", ownPrompt, nil)
	routertest.Eventually(t, "the other user's program gets the request",
		func() bool { return strings.Contains(theirs.Heard(), "sk-upstream-own") })
}

func TestASupervisedUpstreamOfThisUserAnswers(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.OwnKey, router.Options{OwnKeys: []string{"sk-upstream-own"}})
	if got := s.Send(http.MethodPost, "/v1/chat/completions", ownPrompt, nil); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestAWrongSupervisedAddressIsRefused(t *testing.T) {
	t.Parallel()
	settings, err := routertest.Load(t, routertest.OwnKey, "127.0.0.1:1", "127.0.0.1:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := router.New(settings, router.Options{Supervised: []string{"http://"}}); err == nil {
		t.Error("it is taken")
	}
}
