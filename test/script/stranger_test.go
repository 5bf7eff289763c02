package script_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/checks/canary"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// TestNoTargetGivesAKeyToAnotherUser has another user listen on the ports of a
// stack that is down, and types the targets: nothing that is secret arrives.
func TestNoTargetGivesAKeyToAnotherUser(t *testing.T) {
	t.Parallel()
	router, upstream := rightstest.OtherListens(t, "127.0.0.1", 0), rightstest.OtherListens(t, "127.0.0.1", 0)
	dir := t.TempDir()
	sh := func(command string) (string, error) {
		return shell(t, dir, "export FLOWGATE="+binary+" HOME="+dir+"; "+command)
	}
	if out, err := sh("$FLOWGATE init -port=" + portOf(t, router) + " -upstream-port=" + portOf(t, upstream)); err != nil {
		t.Fatal(err, out)
	}
	settings := filepath.Join(dir, "config", "flowgate.yaml")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, []byte(strings.Replace(string(text), "runtime: echo", "runtime: cliproxyapi", 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = sh("$FLOWGATE stop") })
	answers := ""
	for _, command := range strangerCommands(router.Addr) {
		out, _ := sh(command + " </dev/null 2>&1") // most fail; what matters is what the other user heard
		answers += out
	}
	if !strings.Contains(answers, "listener-not-ours") {
		t.Error("no command says that the listener is another user's")
	}
	for _, name := range []string{"gateway", "upstream", "management"} {
		key, err := os.ReadFile(filepath.Join(dir, ".router", "secrets", name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		for of, l := range map[string]*rightstest.Listener{"router": router, "upstream": upstream} {
			if strings.Contains(l.Heard(), strings.TrimSpace(string(key))) {
				t.Errorf("the other user at the %s's port got the %s key", of, name)
			}
		}
	}
}

// strangerCommands are the commands that speak to a service, with their flags.
func strangerCommands(router string) []string {
	all := []string{
		"$FLOWGATE auth:status -live", "$FLOWGATE auth:login codex -method=management -timeout=2s",
		"$FLOWGATE auth:login gemini -method=management -timeout=2s",
		"$FLOWGATE health", "$FLOWGATE smoke -timeout=5s", "$FLOWGATE doctor", "$FLOWGATE doctor -fix", "$FLOWGATE verify",
		"$FLOWGATE security-check -probe -all",
		"FLOWGATE_GATEWAY_KEY=$(cat .router/secrets/gateway.key) $FLOWGATE smoke -url=http://" + router,
		"FLOWGATE_GATEWAY_KEY=$(cat .router/secrets/management.key) $FLOWGATE smoke -url=http://" + router + "/v1",
		"printf '{\"type\":\"codex\",\"access_token\":\"a\",\"refresh_token\":\"r\",\"email\":\"a@b.c\"}' > codex.json; " +
			"$FLOWGATE auth:import codex -source=codex.json",
		"printf '{\"type\":\"codex\",\"access_token\":\"a\",\"refresh_token\":\"r\",\"email\":\"a@b.c\"}' > " +
			".router/auths/codex-a@b.c.json; $FLOWGATE auth:logout codex-a@b.c; $FLOWGATE auth:logout codex-a@b.c -undo",
		"$FLOWGATE start -timeout=2s", "$FLOWGATE profile:set cost", "$FLOWGATE restart", "$FLOWGATE usage:export -once",
		"$FLOWGATE requests",
	}
	for _, words := range canary.Commands() {
		switch name := words[0]; {
		case strings.HasPrefix(name, "drill"), name == "soak", name == "init", strings.HasPrefix(name, "bootstrap"),
			strings.HasPrefix(name, "runtimes"), strings.HasPrefix(name, "deploy:"), name == "router:serve", name == "echo:serve", words[len(words)-1] == "@":
		default:
			all = append(all, "$FLOWGATE '"+strings.Join(words, "' '")+"'")
		}
	}
	return all
}

func portOf(t *testing.T, l *rightstest.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(l.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
