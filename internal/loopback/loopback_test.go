package loopback_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

func ask(t *testing.T, client *http.Client, url, key string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return fmt.Sprint(res.StatusCode, " ", string(body)), err
}

func startServer(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

func TestAKeyGoesToAProcessOfThisUser(t *testing.T) {
	t.Parallel()
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Authorization")) })
	if got, err := ask(t, loopback.New(loopback.Options{}), url, "sk-own"); err != nil || got != "200 Bearer sk-own" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAKeyNeverReachesAnotherUsersProcess(t *testing.T) {
	t.Parallel()
	theirs := rightstest.OtherListens(t, "127.0.0.1", 0)
	_, err := ask(t, loopback.New(loopback.Options{}), "http://"+theirs.Addr, "sk-own")
	if refusal := (*tcp.ForeignPeerError)(nil); !errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
	if got, err := ask(t, loopback.Keyless(loopback.Options{}), "http://"+theirs.Addr, ""); err != nil || got != "200 {}" {
		t.Errorf("without a key: %q, %v", got, err)
	}
	theirs.Await(t, "GET /")
	if heard := theirs.Heard(); strings.Contains(heard, "sk-own") || strings.Count(heard, "GET /") != 1 {
		t.Errorf("the other user heard %q", heard)
	}
}

func TestAClientWithoutKeysRefusesToSendOne(t *testing.T) {
	t.Parallel()
	url := startServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the key was sent") })
	if _, err := ask(t, loopback.Keyless(loopback.Options{}), url, "sk-own"); !errors.Is(err, loopback.ErrKey) {
		t.Errorf("%v", err)
	}
}

func TestNoClientFollowsARedirect(t *testing.T) {
	t.Parallel()
	other := startServer(t, func(http.ResponseWriter, *http.Request) { t.Error("another address was asked") })
	url := startServer(t, func(w http.ResponseWriter,
		r *http.Request) {
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	})
	for name, of := range clients {
		if got, err := ask(t, of(loopback.Options{}), url, ""); err != nil || !strings.HasPrefix(got, "307") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

var clients = map[string]func(loopback.Options) *http.Client{"New": loopback.New, "Keyless": loopback.Keyless,
	"Elsewhere": func(o loopback.Options) *http.Client { return loopback.Elsewhere(o, nil, nil) }}

func TestNoClientUsesAProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", startServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	for name, of := range clients {
		dialled := ""
		stop := errors.New("stop")
		client := of(loopback.Options{Only: func(addr string) error { dialled = addr; return stop }})
		if _, err := ask(t, client, "http://service.example", ""); !errors.Is(err, stop) || dialled != "service.example:80" {
			t.Errorf("%s dials %q, %v", name, dialled, err)
		}
	}
}

func TestALongReplyEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("x", 10)) })
	for limit, want := range map[int64]bool{9: false, 10: true, 11: true} {
		got, err := ask(t, loopback.New(loopback.Options{MaxReply: limit}), url, "")
		if want != (err == nil) || !want && (!errors.Is(err, loopback.ErrTooLarge) ||
			got != "200 "+strings.Repeat("x", int(limit))) {
			t.Errorf("limit %d: %q, %v", limit, got, err)
		}
	}
}

func TestAnAddressThatIsRefusedIsNotDialled(t *testing.T) {
	t.Parallel()
	url := startServer(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	refused := errors.New("not that one")
	client := loopback.New(loopback.Options{Only: func(string) error { return refused }})
	if _, err := ask(t, client, url, ""); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
}
