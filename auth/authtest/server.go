package authtest

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// ManagementKey is the key of the double's management API.
const ManagementKey = Canary + "-management"

// Serve gives the site a double of CLIProxyAPI as its upstream.
func (s *Site) Serve(double *cliproxytest.Server) {
	s.T.Helper()
	double.Key, double.Dir = ManagementKey, s.Config.Paths.Auths()
	if err := os.MkdirAll(double.Dir, 0o700); err != nil {
		s.T.Fatal(err)
	}
	at, err := url.Parse(double.Start(s.T).URL)
	if err != nil {
		s.T.Fatal(err)
	}
	port, _ := strconv.Atoi(at.Port())
	for i := range s.Config.Services {
		if s.Config.Services[i].Name == config.CLIProxy {
			s.Config.Services[i].Runtime, s.Config.Services[i].Port = config.RuntimeCLIProxyAPI, port
		}
	}
	s.Put(filepath.Join(s.Config.Paths.Secrets(), "management.key"), ManagementKey+"\n")
}

// WritesCodex makes the double end a sign-in by writing a codex credential.
func WritesCodex(s *Site) func(string) string {
	return func(code string) string {
		if code != "good" {
			return "Failed to exchange authorization code for tokens: bad code"
		}
		s.Credential("codex-new.json", Codex("new@x.y", "rt-new", 10*24*time.Hour))
		return ""
	}
}

// AnswerCallback returns a terminal on which the person, once the provider's address is shown, opens the
// callback page redirect with query. STATE in the query is replaced by the state of the sign-in.
func AnswerCallback(s *Site, redirect, query string) *Terminal {
	return &Terminal{On: regexp.MustCompile(`state=(\S+)\n`), Act: func(m []string) {
		Get(s.T.(*testing.T), Browser(s.T.(*testing.T)), redirect+"?"+strings.ReplaceAll(query, "STATE", m[1]))
	}}
}

// MoveCallback moves the provider's callback to a port that no other test gets until the sign-in listens there.
func (s *Site) MoveCallback() string {
	at := "http://127.0.0.1:" + strconv.Itoa(tcptest.FreePort(s.T)) + "/auth/callback"
	s.Config.Providers = map[string]map[string]any{"codex": {"method": "management", "redirect_url": at}}
	return at
}
