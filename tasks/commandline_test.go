package tasks_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/tasks"
)

func TestWhatPeopleTypeBecomesWhatMageTakes(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"":                                     "",
		"status":                               "status",
		"Status":                               "status",
		"profile:set cost":                     "profile:set cost",
		"profile set cost":                     "profile:set cost",
		"profile-set cost":                     "profile:set cost",
		"profileSet cost":                      "profile:set cost",
		"profile set status":                   "profile:set status", // a position takes any word
		"start litellm":                        "start -service=litellm",
		"start litellm -timeout 5s":            "start -service=litellm -timeout=5s",
		"auth login codex --timeout 180":       "auth:login codex -timeout=180s",
		"start -timeout=1.5":                   "start -timeout=1.5s",
		"start --timeout=5s litellm":           "start -timeout=5s -service=litellm",
		"init start":                           "init start",
		"init -force start smoke -keep":        "init -force=true start smoke -keep=true",
		"start -jq .ok -raw status":            "start status",
		"-jq=.ok status":                       "status",
		"config migrate -dry-run":              "config:migrate -dryrun=true",
		"config:migrate -dryRun=false":         "config:migrate -dryrun=false",
		"-l":                                   "help",
		"-h":                                   "help",
		"--help":                               "help",
		"-h doctor":                            "help -target=doctor",
		"--help profile set":                   "help -target=profile:set",
		"doctor --help":                        "help -target=doctor",
		"init start -h":                        "help -target=start",
		"profile --help":                       "help -target=profile",
		"--version":                            "version",
		"status auth list":                     "status auth:list", // not the service "auth"
		"start profile set cost":               "start profile:set cost",
		"start -- profile":                     "start -service=profile",
		"filter -- --jq":                       "filter --jq",
		"status -- -jq":                        "status -service=-jq",
		"start -timeout 5":                     "start -timeout=5s",
		"filter .a":                            "filter .a",
		"filter -":                             "filter -",
		"logs cliproxyapi_plus -n 5 -follow":   "logs -service=cliproxyapi_plus -n=5 -follow=true",
		"logs -n=-1":                           "logs -n=-1",
		"help start":                           "help -target=start",
		"help profile":                         "help -target=profile",
		"help profile set":                     "help -target=profile:set",
		"test":                                 "test:default",
		"test clients":                         "test:clients",
		"smoke -url http://x/?a=b -timeout=1m": "smoke -url=http://x/?a=b -timeout=1m",
	} {
		args, _, _, err := tasks.Parse(strings.Fields(typed)...)
		if got := strings.Join(args, " "); got != want || err != nil {
			t.Errorf("%q became %q (%v), not %q", typed, got, err, want)
		}
	}
}

// TestTheSpellingsOfThePythonToolMeanTheSame types each command line of the Python tool of the same name.
func TestTheSpellingsOfThePythonToolMeanTheSame(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"--config X profile list":                    "profile:list",
		"--config=X profile set cost":                "profile:set cost",
		"status":                                     "status",
		"health --verbose":                           "health",
		"doctor":                                     "doctor:default",
		"auth list":                                  "auth:list",
		"auth login codex --timeout 180":             "auth:login codex -timeout=180s",
		"auth login kiro --poll-interval 2":          "auth:login kiro",
		"auth login kiro --poll-interval=2":          "auth:login kiro",
		"auth codex login":                           "auth:login codex",
		"auth copilot login --timeout 9":             "auth:login copilot -timeout=9s",
		"auth codex import-headless":                 "auth:importheadless codex",
		"auth import-headless codex --source F":      "auth:importheadless codex -source=F",
		"auth import-headless codex --dest-dir D":    "auth:importheadless codex -dest=D",
		"service start":                              "start",
		"service start all":                          "start",
		"service stop litellm":                       "stop -service=litellm",
		"service restart cliproxyapi_plus":           "restart -service=cliproxyapi_plus",
		"service install":                            "service:install",
		"bootstrap download":                         "bootstrap:default",
		"bootstrap download --require-sha256":        "bootstrap:default",
		"bootstrap download --cliproxy-version 7.9":  "bootstrap:cliproxyapi -version=7.9",
		"bootstrap download --litellm-version=1.106": "bootstrap:litellm -version=1.106",
		"bootstrap download --cliproxy-version 7 --litellm-version 1 --require-sha256": "bootstrap:cliproxyapi -version=7 " +
			"bootstrap:litellm -version=1",
		"bootstrap update":                               "bootstrap:update all",
		"bootstrap update --yes":                         "bootstrap:update all",
		"bootstrap update -y":                            "bootstrap:update all",
		"bootstrap update litellm":                       "bootstrap:update litellm",
		"bootstrap update --cliproxy-repo a/b -y":        "bootstrap:cliproxyapi -repository=a/b",
		"config migrate --to-version 2":                  "config:migrate",
		"--debug health":                                 "health",
		"integration print codex":                        "client:setup codex -dryrun=true",
		"integration apply claude-code --yes":            "client:setup claude",
		"integration apply codex --dry-run":              "client:setup codex -dryrun=true",
		"--quiet --plain profile set cost":               "profile:set cost",
		"--plain --config X service stop all --force":    "stop -force=true",
		"--format kv status":                             "status",
		"status --format legacy":                         "status",
		"--format auto auth status":                      "auth:status",
		"--format json doctor":                           "doctor:default",
		"auth login import":                              "auth:login import", // a provider of that name
		"-- service start":                               "",
		"config migrate --to-version 3":                  "",
		"status --poll-interval 2":                       "",
		"auth codex nothing":                             "",
		"bootstrap download --cliproxy-version 7 --nope": "",
	} {
		args, _, _, err := tasks.Parse(strings.Fields(typed)...)
		if got := strings.Join(args, " "); want != "" && (got != want || err != nil) || want == "" && err == nil {
			t.Errorf("%q became %q (%v), not %q", typed, got, err, want)
		}
	}
	for typed, want := range map[string]map[string]string{
		"--debug health":         {"verbose": "true"},
		"--quiet --plain health": {"quiet": "true", "plain": "true"},
		"--format kv status":     {"format": "text"},
		"--format auto status":   {"format": ""},
	} {
		if _, common, _, err := tasks.Parse(strings.Fields(typed)...); !maps.Equal(common, want) || err != nil {
			t.Errorf("%q sets %v (%v)", typed, common, err)
		}
	}
}

func TestCommonFlagsAreTakenFromAnywhereOnTheLine(t *testing.T) {
	t.Parallel()
	args, common, _, err := tasks.Parse(
		"--config=a.yaml",
		"profile",
		"set",
		"-raw",
		"cost",
		"-jq",
		".data | .current",
		"-exit=false",
	)
	want := map[string]string{"config": "a.yaml", "raw": "true", "jq": ".data | .current", "exit": "false"}
	if err != nil || !maps.Equal(common, want) || !slices.Equal(args, []string{"profile:set", "cost"}) {
		t.Fatalf("%v %v %v", args, common, err)
	}
}

func TestANamespaceAloneListsItsTargets(t *testing.T) {
	t.Parallel()
	args, _, listed, err := tasks.Parse("profile")
	if listed != "profile" || len(args) > 0 || err != nil {
		t.Fatalf("%v %q %v", args, listed, err)
	}
}

func TestAMistypedCommandIsReportedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]struct{ code, says string }{
		"statsu":                        {"target-unknown", "status"},
		"profile sett cost":             {"target-unknown", `no target "profile:sett"`},
		"init strat":                    {"target-unknown", "start"},
		"status -nope":                  {"flag-unknown", "status has no flag -nope"},
		"smoke -kep":                    {"flag-unknown", "-keep"},
		"profile set":                   {"argument-missing", "NAME"},
		"profile set -timeout=1s":       {"argument-missing", "NAME"},
		"profile diff cost":             {"argument-missing", "B"},
		"start -timeout=soon":           {"flag-invalid", "soon"},
		"start -timeout":                {"flag-invalid", "needs a value"},
		"logs -n=many":                  {"flag-invalid", "-n=many: not a whole number"},
		"logs -n=99999999999999999999":  {"flag-invalid", "too large"},
		"logs -since=1d":                {"flag-invalid", "-since=1d: not a length of time such as"},
		"logs -since=-5m":               {"flag-invalid", "must not be negative"},
		"doctor -fix=yes":               {"flag-invalid", "-fix=yes: not true or false"},
		"init -force=perhaps":           {"flag-invalid", "perhaps"},
		"status -raw=perhaps":           {"flag-invalid", "perhaps"},
		"status -jq":                    {"flag-invalid", "-jq needs a value"},
		"stop litellm cliproxyapi_plus": {"flag-invalid", "stop takes one SERVICE, not both litellm and cliproxyapi_plus"},
		"profile set cost balanced":     {"target-unknown", "balanced"},
		"-nonsense verify":              {"flag-unknown", "no flag -nonsense before a target"},
		"-strict doctor":                {"flag-unknown", "-strict"},
		"-v status":                     {"flag-unknown", "-v"},
		"init -- start":                 {"flag-invalid", "init takes no operand such as start"},
		"-- start":                      {"flag-invalid", "no target takes the operand start"},
		"status auth lst":               {"target-unknown", "auth:list"},
	} {
		_, _, _, err := tasks.Parse(strings.Fields(typed)...)
		f := fault.From(err)
		if f == nil || f.Code != want.code || f.Exit != fault.ExitUsage || !strings.Contains(f.Message+f.Hint, want.says) {
			t.Errorf("%q: %+v", typed, f)
		}
	}
}

func TestEveryTargetSaysWhatItDoesAndHowItIsTyped(t *testing.T) {
	t.Parallel()
	for name, text := range tasks.Synopses() {
		if len(text) < 10 || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: synopsis %q", name, text)
		}
	}
	usages := tasks.Usages()
	for name, want := range map[string]string{
		"start":        "start [SERVICE] [-timeout=DURATION] [-share] [-take]",
		"profile:diff": "profile:diff A B",
		"smoke": "smoke [-profile=STRING] [-timeout=DURATION] [-keep] [-runtime=STRING] [-model=STRING] [-url=STRING] " +
			"[-key-file=STRING] [-key-env=STRING] [-ca-file=STRING] [-insecure-plain]",
	} {
		if usages[name] != want {
			t.Errorf("usage of %s: %q", name, usages[name])
		}
	}
}

func FuzzACommandLineNeverPanics(f *testing.F) {
	f.Add("profile set -jq= --- -= start")
	f.Add("-config")
	f.Fuzz(func(t *testing.T, line string) {
		if _, _, _, err := tasks.Parse(strings.Split(line, " ")...); err != nil && fault.From(err).Exit != fault.ExitUsage {
			t.Fatalf("%q: %v", line, err)
		}
	})
}

func FuzzWhatIsCompletedBeginsWithWhatWasTyped(f *testing.F) {
	f.Add("profile set", "bal")
	f.Add("start -timeout -- -x", "-")
	f.Add("auth auth:login -env", "--for=")
	f.Fuzz(func(t *testing.T, before, current string) {
		for _, word := range tasks.Complete(strings.Fields(before), current) {
			if !strings.HasPrefix(word, current) {
				t.Fatalf("%q after %q is completed by %q", current, before, word)
			}
		}
	})
}
