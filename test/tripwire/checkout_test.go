package tripwire_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// canary is the key of the user's that configurations name: no output may show it.
const canary = "canary-key-of-the-user-0123456789abcdef"

// checkout is a hostile one, and what is around it.
type checkout struct {
	t         *testing.T
	base      string // holds all of it
	tree      string // the checkout
	home      string // the user's home, with what is dear to a user
	fired     string // file that each tripwire adds its name to
	ports     [2]int
	bystander *exec.Cmd // a process of the user that a planted ledger names
	mayWrite  bool      // something may be written into the tree

	mu      sync.Mutex
	dialled []string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	base, err := os.MkdirTemp("", "fg-hostile-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if base, err = filepath.EvalSymlinks(base); err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(base, 0o755)
	c := &checkout{t: t, base: base, tree: filepath.Join(base, "tree"), home: filepath.Join(base, "home"),
		fired: filepath.Join(base, "fired")}
	write(t, c.fired, "", 0o666)
	if err := os.MkdirAll(filepath.Join(c.home, ".local"), 0o755); err != nil { // the user's own records go there
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		".bashrc": "# mine\n", ".ssh/config": "Host *\n", ".ssh/id_ed25519": canary + "\n", "public/index.html": "<p>\n",
		"public/notes.pid": "1\n", "events.log": "mine\n",
	} {
		write(t, filepath.Join(c.home, name), text, 0o644)
	}
	_ = os.Chmod(filepath.Join(c.home, ".ssh", "id_ed25519"), 0o600)
	_ = os.Mkdir(filepath.Join(base, "tmp"), 0o777)
	_ = os.Chmod(filepath.Join(base, "tmp"), 0o777|fs.ModeSticky)
	c.listen()
	c.bystander = exec.Command("sleep", "600")
	c.bystander.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.bystander.Process.Kill(); _ = c.bystander.Wait() })
	return c
}

// listen takes the ports that the configuration names and notes who connects.
func (c *checkout) listen() {
	for i := range c.ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { _ = l.Close() })
		c.ports[i] = l.Addr().(*net.TCPAddr).Port
		go func() { // ends with the listener
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c.mu.Lock()
				c.dialled = append(c.dialled, l.Addr().String())
				c.mu.Unlock()
				_ = conn.Close()
			}
		}()
	}
}

// script is a program that leaves its name.
func (c *checkout) script(name string) string {
	return "#!/bin/sh\necho " + name + " \"$@\" >>" + c.fired + "\nexit 0\n"
}

// python is a module that leaves its name when it is imported.
func (c *checkout) python(name string) string {
	return "open(" + fmt.Sprintf("%q", c.fired) + ", 'a').write('" + name + "\\n')\n"
}

// plant fills the tree; config is the text of its configuration, "" for none.
func (c *checkout) plant(config string) {
	c.t.Helper()
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", c.tree, "-c", "user.name=x", "-c", "user.email=x@example.com"},
			args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			c.t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"tool", "trip", "git", "python3", "uv", "litellm", "sh", "go", "systemctl",
		".venv/bin/python", "node_modules/.bin/x", "hooks/pre-commit"} {
		write(c.t, filepath.Join(c.tree, name), c.script(name), 0o755)
	}
	write(c.t, filepath.Join(c.tree, ".venv/bin/litellm"), "#!"+filepath.Join(c.tree, ".venv/bin/python")+"\n", 0o755)
	for _, name := range []string{"platform", "venv", "pip", "ensurepip", "json", "os", "site", "sitecustomize",
		"litellm"} {
		write(c.t, filepath.Join(c.tree, name+".py"), c.python(name+".py"), 0o644)
	}
	write(c.t, filepath.Join(c.tree, ".env"), "LITELLM_MASTER_KEY=planted\n", 0o644)
	write(c.t, filepath.Join(c.tree, "go.mod"), "module github.com/flowgate-go/flowgate\n\ngo 1.24\n", 0o644)
	write(c.t, filepath.Join(c.tree, "tools/go.mod"),
		"module tools\n\ngo 1.24\n\ntool example.com/govulncheck\n\nreplace example.com/govulncheck => ../evil\n", 0o644)
	write(c.t, filepath.Join(c.tree, "magefile.go"),
		"package main\n\nimport \"os\"\n\nfunc init() { _ = os.WriteFile(\""+c.fired+"\", []byte(\"magefile\"), 0o666) }\n",
		0o644)
	write(c.t, filepath.Join(c.tree, "CHANGELOG.md"), "# Changelog\n", 0o644)
	write(c.t, filepath.Join(c.tree, "cliproxyapi.yaml"),
		fmt.Sprintf("port: %d\nauth-dir: %s/.ssh\nremote-management: {secret-key: planted}\napi-keys: [planted]\n",
			c.ports[1], c.home), 0o644)
	_ = os.Symlink(filepath.Join(c.home, ".ssh"), filepath.Join(c.tree, "link"))
	c.state()
	if config != "" {
		write(c.t, filepath.Join(c.tree, "config", "flowgate.yaml"), config, 0o644)
	}
	git("init", "-q")
	git("add", "-f", ".")
	git("commit", "-q", "-m", "one")
	git("commit", "-q", "--allow-empty", "-m", "two")
	for _, key := range []string{"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external",
		"core.askPass", "gpg.program", "credential.helper"} {
		git("config", key, filepath.Join(c.tree, "trip"))
	}
	git("config", "core.hooksPath", filepath.Join(c.tree, "hooks"))
}

// state plants what is read as state: a journal in its four forms, a ledger that
// names a process of the user, generations, a store, caches, pid files.
func (c *checkout) state() {
	router := filepath.Join(c.tree, ".router")
	outside := func(name string) string { return filepath.Join(c.home, name) }
	write(c.t, filepath.Join(router, "generations/pending/journal.json"),
		fmt.Sprintf(`{"kind":"rollback","from":2,"to":1,"started_at":"2026-01-01T00:00:00Z","files":[
{"path":%q,"mode":420,"name":"0"},{"path":%q,"mode":511,"name":"0"},{"path":%q,"absent":true,"name":"1"},{"path":%q,"mode":420,"name":%q}],"links":{"litellm":"1.0.0-0123456789ab"},"restart":[]}`,
			outside(".bashrc"), filepath.Join(router, "runtime/../../../home/.ssh/config"), outside("events.log"),
			filepath.Join(c.tree, "stolen"), "../../../../home/.ssh/id_ed25519"), 0o644)
	write(c.t, filepath.Join(router, "generations/pending/0"), "touch "+c.fired+"\n", 0o644)
	// "" on macOS: then only the pid is right
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.bystander.Process.Pid))
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	started := "0"
	if f := strings.Fields(string(stat)); len(f) > 21 {
		started = f[21]
	}
	id := fmt.Sprintf(`{"pid":%d,"start_time":%s,"boot_id":%q}`, c.bystander.Process.Pid, started,
		strings.TrimSpace(string(boot)))
	write(c.t, filepath.Join(router, "runtime/supervisor.json"),
		fmt.Sprintf(`{"version":2,"program_version":"1","supervisor":{"pid":0},"socket":%q,"services":[{"name":"litellm","runtime":"command","process":%s,"state":"running"}]}`, outside("socket"), id), 0o644)
	write(c.t, filepath.Join(router, "runtime/litellm.pid"), fmt.Sprint(c.bystander.Process.Pid), 0o644)
	write(c.t, filepath.Join(router, "runtime/state.json"), `{"current_profile":"p"}`, 0o644)
	write(c.t, filepath.Join(router, "generations/0001/generation.json"),
		fmt.Sprintf(`{"number":1,"verified":true,"digests":{},"runtimes":[],"config_file":%q,"runtime_dir":%q}`,
			outside(".bashrc"), outside("public")), 0o644)
	write(c.t, filepath.Join(router, "generations/0002/generation.json"),
		`{"number":2,"verified":true,"digests":{},"runtimes":[]}`, 0o644)
	write(c.t, filepath.Join(router, "generations/current"), "2\n", 0o644)
	install := filepath.Join(router, "store/litellm/1.0.0-0123456789ab")
	write(c.t, filepath.Join(install, "bin/litellm"), c.script("store/litellm"), 0o755)
	write(c.t, filepath.Join(install, ".flowgate.json"),
		`{"name":"litellm","version":"1.0.0","digest":"sha256:0123456789ab","tree":"sha256:0","binary":"bin/litellm"}`, 0o644)
	_ = os.Symlink("1.0.0-0123456789ab", filepath.Join(router, "store/litellm/current"))
	proxy := filepath.Join(router, "store/cliproxyapi/1.0.0-0123456789ab")
	write(c.t, filepath.Join(proxy, "cli-proxy-api-plus"), c.script("store/cliproxyapi"), 0o755)
	_ = os.Symlink("1.0.0-0123456789ab", filepath.Join(router, "store/cliproxyapi/current"))
	write(c.t, filepath.Join(router, "cache/tree"), "flowgate scan cache 4 x\n", 0o644)
	write(c.t, filepath.Join(router, "secrets/gateway.key"), "sk-planted-planted-planted-planted\n", 0o644)
	c.usage(router)
}

// usage plants named keys, what they have spent, a ledger that leads out of the checkout, and prices.
func (c *checkout) usage(router string) {
	token := strings.Repeat("ab", 32)
	write(c.t, filepath.Join(router, "secrets/client-keys.json"), fmt.Sprintf(
		`{"version":1,"keys":[{"token":%[1]q,"token_id":%[1]q,"key_alias":"p","key_name":"sk-...abcd","models":[]}]}`, token),
		0o644)
	write(c.t, filepath.Join(router, "secrets/client-spend.json"),
		fmt.Sprintf(`{"version":1,"spends":{%q:{"spend":1}}}`, token), 0o644)
	write(c.t, filepath.Join(router, "usage/prices.gz"), "no table of prices", 0o644)
	_ = os.Symlink(filepath.Join(c.home, ".bashrc"), filepath.Join(router, "usage/requests.db"))
}
