package program_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/program"
)

// Not parallel: the program has one name.
func TestCommandsAreWrittenAsTheProgramWasTyped(t *testing.T) {
	for name, inFormat := range map[string]string{
		"mage ": "mage ", "go tool mage ": "go tool mage ", "/opt/my/mage ": "/opt/my/mage ", "./flowgate ": "./flowgate ",
		"go tool mage fg:": "go tool mage fg:", "'/a %s/flowgate' ": "'/a %%s/flowgate' ",
	} {
		program.SetName(strings.TrimSpace(name))
		if got := program.Command("stop"); got != name+"stop" {
			t.Errorf("%s: Command gives %q", name, got)
		}
		once := program.Text("see mage logs, or (mage start)")
		if twice := program.Text(once); once != "see "+name+"logs, or ("+name+"start)" || twice != once {
			t.Errorf("%s: Text gives %q, and of that %q", name, once, twice)
		}
		if got := program.Format("50% of mage help %s"); got != "50% of "+inFormat+"help %s" {
			t.Errorf("%s: Format gives %q", name, got)
		}
	}
}

func TestWhatOnlyLooksLikeACommandStays(t *testing.T) {
	program.SetName("flowgate")
	for _, text := range []string{
		"there is no mage", "the mage -l of old", "homage paid", "/home/mage start", "mage 1.17 is needed",
		"go tool mage start", "a mage ", "x.mage start",
	} {
		if got := program.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestAFixNamesTheConfigurationThatTheCommandLineNamed(t *testing.T) {
	program.SetName("flowgate")
	program.SetConfig("my config.yaml")
	for command, want := range map[string]string{
		"mage start":          "flowgate start -config='my config.yaml'",
		"mage stop -config=x": "flowgate stop -config=x",
		"chmod go-rwx mage x": "chmod go-rwx mage x",
		"":                    "",
	} {
		if got := program.Fix(command); got != want {
			t.Errorf("%q became %q", command, got)
		}
	}
}

func TestAWordIsQuotedWhereAShellWouldChangeIt(t *testing.T) {
	for word, want := range map[string]string{
		"": "''", "a/b.c": "a/b.c", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "a;b": "'a;b'", "~": "'~'",
	} {
		if got := program.Quote(word); got != want {
			t.Errorf("%q became %s", word, got)
		}
	}
}
