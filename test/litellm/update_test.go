package litellm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// TestTheRealLiteLLMGoesAVersionForthAndBack: the version that people get by
// default takes another's place after it proved itself, and is taken back.
func TestTheRealLiteLLMGoesAVersionForthAndBack(t *testing.T) {
	t.Parallel()
	in := install(t)
	first, err := litellm.Venv(t.Context(), litellm.Options{Progress: os.Stderr})
	check(t, err)
	other, err := litellm.Another(t.Context(), litellm.Options{Progress: os.Stderr})
	check(t, err)
	for i, entry := range in.env { // what the store has is to be run, not what a variable names
		if strings.HasPrefix(entry, "FLOWGATE_LITELLM=") {
			in.env[i] = "FLOWGATE_LITELLM="
		}
	}
	text, err := os.ReadFile(filepath.Join(in.dir, "config/flowgate.yaml"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(in.dir, "config/flowgate.yaml"), []byte(withRuntime(string(text))), 0o600))
	in.run(0, "trust")

	in.run(0, "bootstrap", "litellm", "-from="+other)
	in.version(in.run(0, "start"), litellm.OtherVersion)
	in.run(0, "smoke")
	in.run(0, "bootstrap", "litellm", "-from="+first)
	updated := in.run(0, "bootstrap:update", "litellm", "-version="+litellm.Version)
	if updated.Data.Changed != true || !updated.Data.Verified || len(updated.Data.Probes) < 10 {
		t.Fatalf("%+v", updated.Data)
	}
	in.version(in.run(0, "status"), litellm.Version)
	in.run(0, "profile:set", "reliability")
	in.run(0, "rollback", "-to=1")
	back := in.run(0, "status")
	in.version(back, litellm.OtherVersion)
	if back.Data.Profile == "reliability" {
		t.Error("the profile did not go back")
	}
	in.run(0, "rollback", "-to=3")
	again := in.run(0, "status")
	in.version(again, litellm.Version)
	if again.Data.Profile != "reliability" {
		t.Errorf("the profile is %q", again.Data.Profile)
	}
	in.run(0, "smoke")
	in.wantNotLogged("sk-old-upstream-key-0123456789")
	in.run(0, "stop")
	in.wantPortsFree()
}

// withRuntime names the runtime in place of a command.
func withRuntime(text string) string {
	before, rest, _ := strings.Cut(text, "    command:\n")
	_, after, _ := strings.Cut(rest, "    env:")
	return before + "    runtime: litellm\n    env:" + after
}

func (in *installation) version(d document, want string) {
	in.t.Helper()
	if s := in.service(d, "litellm"); s.Version != want || !s.Ready {
		in.t.Fatalf("LiteLLM runs as %q, ready %v, want %s", s.Version, s.Ready, want)
	}
}

// TestWhatBootstrapInstalledIsAsItWasInstalled also after others ran it.
func TestWhatBootstrapInstalledIsAsItWasInstalled(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: os.Stderr})
	check(t, err)
	root, _, _ := strings.Cut(bin, "/.router/")
	current, ok := store.Current(config.Default(root), config.RuntimeLiteLLM)
	if !ok || current.Version != litellm.Version {
		t.Fatalf("%+v", current)
	}
	if err := store.Verify(current); err != nil {
		t.Error(err)
	}
}
