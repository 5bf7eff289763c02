package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/deploy/systemd"
)

// mostExposed is the highest score of systemd-analyze security that a unit may have: 0 is closed, 10 open.
const mostExposed = 2.0

// writeUnits renders a configuration into a folder, with programs that exist, and returns the folder.
func writeUnits(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	r, err := systemd.Render(load(t, text), systemd.Options{Program: "/bin/true", Upstream: "/bin/true"})
	if err == nil {
		_, err = r.Write(dir, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// analyze runs systemd-analyze.
func analyze(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze on PATH")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+home, "HOME="+home, "SYSTEMD_COLORS=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestSystemdAcceptsTheUnits(t *testing.T) {
	t.Parallel()
	for name, text := range services {
		dir := writeUnits(t, text)
		for _, manager := range []string{"system", "user"} {
			units, err := filepath.Glob(filepath.Join(dir, manager, "*"))
			if err != nil || len(units) != 3 {
				t.Fatal(units, err)
			}
			for line := range strings.Lines(analyze(t, append([]string{"--" + manager, "verify", "--man=no"}, units...)...)) {
				if strings.Contains(line, "flowgate") {
					t.Errorf("%s, %s: %s", name, manager, line)
				}
			}
		}
	}
}

func TestTheUnitsAreClosed(t *testing.T) {
	t.Parallel()
	score := regexp.MustCompile(`Overall exposure level for (\S+): (\d+\.\d+)`)
	for name, text := range services {
		dir := writeUnits(t, text)
		for _, unit := range []string{"flowgate-router.service", "flowgate-upstream.service"} {
			out := analyze(t, "security", "--offline=true", filepath.Join(dir, "system", unit))
			m := score.FindStringSubmatch(out)
			if m == nil {
				t.Fatalf("no score: %s", out)
			}
			if level, err := strconv.ParseFloat(m[2], 64); err != nil || level > mostExposed {
				t.Errorf("%s: %s is exposed by %s, more than %.1f:\n%s", name, unit, m[2], mostExposed, out)
			}
		}
	}
}

func TestTheScriptInstallsWhatTheUnitsRead(t *testing.T) {
	t.Parallel()
	for name, text := range services {
		cfg := load(t, text)
		r, err := systemd.Render(cfg, systemd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		dir, root := t.TempDir(), t.TempDir()
		if _, err := r.Write(dir, false); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "install.sh"), cfg.Dir)
		cmd.Env = append(os.Environ(), "FLOWGATE_ROOT="+root, "GROQ_API_KEY="+canary, "WANTED="+hardToQuote)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		for _, unit := range []string{"flowgate-router.service", "flowgate-upstream.service"} {
			text, err := os.ReadFile(filepath.Join(root, "etc/systemd/system", unit))
			if err != nil {
				t.Fatal(err)
			}
			credentials := regexp.MustCompile(`(?m)^LoadCredential=[^:]+:(.+)$`).FindAllStringSubmatch(string(text), -1)
			for _, c := range credentials {
				if info, err := os.Stat(filepath.Join(root, c[1])); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %s: %v", name, unit, err)
				}
			}
			if len(credentials) == 0 {
				t.Errorf("%s: %s has no credential", name, unit)
			}
		}
		checkEnvironment(t, name, filepath.Join(root, "etc/flowgate/secrets"))
		if _, err := os.Stat(filepath.Join(root, "etc/flowgate/router.yaml")); err != nil {
			t.Error(err)
		}
	}
}

// hardToQuote is a value of a variable with every character that EnvironmentFile= wants escaped (systemd.exec(5)).
const hardToQuote = "a\"b\\c$d`e%f'g #h;i"

// checkEnvironment checks the files of the configuration keys that systemd reads variables of processes from.
func checkEnvironment(t *testing.T, name, folder string) {
	t.Helper()
	escaped := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "$", `\$`, "`", "\\`").Replace(hardToQuote)
	for file, want := range map[string]string{
		"router.env":   `HTTPS_PROXY="http://` + escaped + ":it's 1%@proxy:3128\"\n",
		"upstream.env": `WANTED="` + escaped + "\"\nHTTPS_PROXY=\"http://" + escaped + "@other:3128\"\nTOKEN=\"" + escaped + "\"\n",
	} {
		got, err := os.ReadFile(filepath.Join(folder, file))
		if name != "keys" {
			if err == nil && name == "cliproxyapi" {
				t.Errorf("%s: %s is made for nothing", name, file)
			}
			continue
		}
		if string(got) != want {
			t.Errorf("%s: %q, not %q, %v", file, got, want, err)
		}
		if info, err := os.Stat(filepath.Join(folder, file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: others can read it, %v", file, err)
		}
	}
}

func TestTheScriptInstallsNothingWithoutTheVariables(t *testing.T) {
	t.Parallel()
	cfg := load(t, services["keys"])
	r, err := systemd.Render(cfg, systemd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir, root := t.TempDir(), t.TempDir()
	if _, err := r.Write(dir, false); err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"GROQ_API_KEY", "WANTED"} {
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "install.sh"), cfg.Dir)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "FLOWGATE_ROOT=" + root, set + "=" + canary}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "set it before this command") {
			t.Errorf("with %s alone: %v: %s", set, err, out)
		}
		if made, err := os.ReadDir(root); err != nil || len(made) > 0 {
			t.Errorf("with %s alone it wrote %v, %v", set, made, err)
		}
	}
}
