package autostart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/autostart"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// TestSystemdReadsBackFoldersOfAnyName has systemd-analyze say what systemd
// makes of the unit.
func TestSystemdReadsBackFoldersOfAnyName(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze: ", err)
	}
	for _, name := range []string{
		"plain", "with spaces", "ends with a space ", `dollar $HOME ${HOME} $$`, `double "quotes"`, `it's`,
		`back\slash \n \x41`, `ends with \`,
		"100% %h %%", "line\nbreak", "#; hash", "-dash", "tab\there", "ümläut 日本",
	} {
		for _, at := range []string{"folder", "program"} {
			t.Run(name+" as "+at, func(t *testing.T) {
				t.Parallel()
				root := t.TempDir()
				odd := filepath.Join(root, "of the folder", name)
				if err := os.MkdirAll(odd, 0o700); err != nil {
					t.Fatal(err)
				}
				program := "/bin/true"
				if at == "program" {
					program = filepath.Join(odd, "flowgate")
					if err := os.Symlink("/bin/true", program); err != nil {
						t.Fatal(err)
					}
				}
				u, err := autostart.Install(t.Context(), autostart.Options{
					Config: &config.Config{File: filepath.Join(odd, "flowgate.yaml"), Dir: odd, Paths: config.Paths{RuntimeDir: odd}},
					Home:   t.TempDir(), OS: "linux", Program: program, Run: nothing,
				})
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), analyze, "--user", "verify", u.File)
				cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+root, "SYSTEMD_LOG_LEVEL=debug", "SYSTEMD_LOG_TARGET=console")
				out, err := cmd.CombinedOutput()
				if err != nil {
					raw, _ := os.ReadFile(u.File)
					t.Fatalf("systemd refuses it: %v: %s\n%s", err, complaints(string(out), u.Name), raw)
				}
				line := commandLine(string(out))
				want := []string{program, "supervisor:run", "-up", "-config=" + filepath.Join(odd, "flowgate.yaml")}
				if strings.HasPrefix(line, "/usr/bin/env ") {
					want = append([]string{"/usr/bin/env", "--chdir=" + odd}, want...)
				} else if dir := field(string(out), "WorkingDirectory: "); dir != odd {
					t.Errorf("it works in %q", dir)
				}
				if got := run(t, line); strings.Join(got, "|") != strings.Join(want, "|") {
					t.Errorf("it executes %q, not %q", got, want)
				}
			})
		}
	}
}

// run has a shell read a command line as systemd prints it, quoted as for one,
// with the dollar signs as systemd expands them.
func run(t *testing.T, line string) []string {
	t.Helper()
	program, rest, _ := strings.Cut(line, " ")
	if program != "/usr/bin/env" { // the program's own path is not expanded
		program, rest, _ = strings.Cut(line, " supervisor:run")
		rest = "supervisor:run" + rest
	}
	controls := strings.NewReplacer(`\\`, `\\`, `\n`, "\n", `\t`, "\t")
	words := controls.Replace(program) + " " + strings.NewReplacer(`\$\$`, `\$`).Replace(controls.Replace(rest))
	out, err := exec.CommandContext(t.Context(), "bash", "-c", "printf '%s\\0' "+words).Output()
	if err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func commandLine(dump string) string { return field(dump, "Command Line: ") }

// field is what follows a label in the dump of the unit.
func field(dump, label string) string {
	_, dump, _ = strings.Cut(dump, "-> Unit flowgate-")
	_, rest, _ := strings.Cut(dump, label)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

func complaints(out, unit string) string {
	var found []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, unit) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

func TestAFolderWhoseNameIsNotUTF8IsRefused(t *testing.T) {
	t.Parallel()
	_, err := autostart.Install(t.Context(), autostart.Options{
		Config: &config.Config{Dir: "/tmp/\xff"}, Home: t.TempDir(), OS: "linux", Program: "/bin/true", Run: nothing,
	})
	if f := fault.From(err); f == nil || f.Code != "autostart-unsupported" || !strings.Contains(f.Message, "UTF-8") {
		t.Errorf("%v", err)
	}
}
