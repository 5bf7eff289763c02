package script_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestARenewalIsSavedHoweverOftenCtrlCIsPressed presses Ctrl-C again and again
// while the provider, which has used up the refresh token, has not answered yet.
func TestARenewalIsSavedHoweverOftenCtrlCIsPressed(t *testing.T) {
	t.Parallel()
	arrived := make(chan bool, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- true
		time.Sleep(time.Second)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"new","refresh_token":"second","expires_in":3600,"token_type":"bearer"}`))
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	env := append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	run := func(args ...string) *exec.Cmd {
		cmd := exec.Command(binary, args...)
		cmd.Dir, cmd.Env = dir, env
		return cmd
	}
	if out, err := run("init").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(dir, "config", "flowgate.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "auth: {providers: {acme: {token_url: '"+srv.URL+"', client_id: x}}}\n"...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run("trust").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	credential := filepath.Join(dir, ".router", "auths", "acme-a.json")
	if err := os.WriteFile(credential, []byte(`{"type":"acme","access_token":"a","refresh_token":"first"}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	refresh := run("auth:refresh", "acme")
	if err := refresh.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	for range 4 {
		_ = refresh.Process.Signal(syscall.SIGINT)
		time.Sleep(100 * time.Millisecond) // a person's fingers
	}
	_ = refresh.Wait()
	if got := refresh.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit status %d", got)
	}
	if after, _ := os.ReadFile(credential); !strings.Contains(string(after), `"second"`) {
		t.Errorf("the grant is lost; the file holds %s", after)
	}
}
