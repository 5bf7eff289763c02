package autostart_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/autostart"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// options is a home of its own with a manager that notes what it is told; dir
// has a name that every format must escape.
func options(t *testing.T, system string) (autostart.Options, *[]string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), `a "b" 100% $HOME <c>&d`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var told []string
	return autostart.Options{
		Config: &config.Config{File: filepath.Join(dir, "flowgate.yaml"), Dir: dir,
			Paths: config.Paths{RuntimeDir: filepath.Join(dir, "runtime")}},
		Home: t.TempDir(), OS: system, Start: true, Program: "/bin/true",
		Run: func(_ context.Context, name string, args ...string) error {
			told = append(told, name+" "+strings.Join(args, " "))
			return nil
		},
	}, &told
}

func TestASystemdUnitIsWrittenEnabledAndRemoved(t *testing.T) {
	t.Parallel()
	o, told := options(t, "linux")
	u, err := autostart.Install(t.Context(), o)
	if err != nil || !u.Changed || !u.Started {
		t.Fatalf("%+v, %v", u, err)
	}
	want := "systemctl --user daemon-reload|systemctl --user enable " + u.Name + "|systemctl --user start " + u.Name
	if got := strings.Join(*told, "|"); got != want {
		t.Errorf("told %q", got)
	}
	raw, err := os.ReadFile(u.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Type=notify", "WatchdogSec=30", "KillMode=process", "Restart=on-failure",
		`ExecStart="/bin/true" supervisor:run -up "-config=`, `a \"b\" 100%% $$HOME`, `a "b" 100%% $HOME <c>&d/` + "\n"} {
		if !strings.Contains(string(raw), line) {
			t.Errorf("the unit lacks %q:\n%s", line, raw)
		}
	}
	if again, err := autostart.Install(t.Context(), o); err != nil || again.Changed {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	if u, err := autostart.Uninstall(t.Context(), o); err != nil || !u.Changed {
		t.Errorf("uninstall: %+v, %v", u, err)
	}
	if _, err := os.Stat(u.File); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unit is left: %v", err)
	}
	if u, err := autostart.Uninstall(t.Context(), o); err != nil || u.Changed {
		t.Errorf("uninstall what is not there: %+v, %v", u, err)
	}
}

func TestALaunchdAgentIsWellFormedAndSaysWhatIsRun(t *testing.T) {
	t.Parallel()
	o, told := options(t, "darwin")
	u, err := autostart.Install(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(u.File)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var texts []string
	for d := xml.NewDecoder(file); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			texts = append(texts, string(text))
		}
	}
	all := strings.Join(texts, "\n")
	for _, part := range []string{"supervisor:run", "-config=" + o.Config.File, o.Config.Dir, "AbandonProcessGroup"} {
		if !strings.Contains(all, part) {
			t.Errorf("the agent lacks %q:\n%s", part, all)
		}
	}
	if _, err := autostart.Uninstall(t.Context(), o); err != nil || len(*told) != 2 ||
		!strings.Contains((*told)[1], "bootout") {
		t.Errorf("told %q, %v", *told, err)
	}
}

func TestAManagerThatRefusesLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	o, _ := options(t, "linux")
	o.Run = func(context.Context, string, ...string) error { return errors.New("no bus") }
	u, err := autostart.Install(t.Context(), o)
	if f := fault.From(err); f == nil || f.Code != "autostart-failed" || u.Changed {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := os.Stat(u.File); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
	o.OS = "plan9"
	if _, err := autostart.Install(t.Context(), o); fault.From(err).Code != "autostart-unsupported" {
		t.Errorf("%v", err)
	}
}

func TestStacksHaveUnitsOfTheirOwn(t *testing.T) {
	t.Parallel()
	o, _ := options(t, "linux")
	one, err := autostart.Install(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Config.Paths.RuntimeDir += "2"
	if two, err := autostart.Install(t.Context(), o); err != nil || two.File == one.File {
		t.Errorf("%+v, %+v, %v", one, two, err)
	}
}

// nothing stands for a service manager that does as it is told.
func nothing(context.Context, string, ...string) error { return nil }

func TestVariablesThatALoginDoesNotHaveAreNamed(t *testing.T) {
	t.Parallel()
	o, _ := options(t, "linux")
	o.Config.Credentials = map[string]config.Credential{"a": {Env: "FROM_CREDENTIALS"}, "b": {File: "/key"}}
	o.Config.Base = map[string]any{"model_list": []any{map[string]any{"api_key": "os.environ/FROM_BASE",
		"api_base": "os.environ/GIVEN"}}}
	o.Config.Profiles = map[string]map[string]any{"cost": {"x": "os.environ/FROM_PROFILE"}}
	o.Config.Services = []config.Service{{Name: "litellm",
		Env: map[string]string{"A": "${FROM_SERVICE}", "GIVEN": "here"}}}
	u, err := autostart.Install(t.Context(), o)
	if err != nil || len(u.Warnings) != 1 || !strings.Contains(u.Warnings[0],
		"reads FROM_BASE, FROM_CREDENTIALS, FROM_PROFILE, FROM_SERVICE:") {
		t.Errorf("%q, %v", u.Warnings, err)
	}
	o.Config.Credentials, o.Config.Base, o.Config.Profiles, o.Config.Services = nil, nil, nil, nil
	if u, err := autostart.Install(t.Context(), o); err != nil || u.Warnings == nil || len(u.Warnings) > 0 {
		t.Errorf("%#v, %v", u.Warnings, err)
	}
}
