package preview_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/preview"
)

// writeFlowgate writes the configuration of testdata with some texts replaced by others.
func writeFlowgate(t *testing.T, replacements ...string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/configs/flowgate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	replacements = append(replacements, "UP/", "127.0.0.1:9/")
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(replacements...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// codes returns the codes of warnings with their lines, sorted.
func codes(all []config.Warning) []string {
	var list []string
	for _, w := range all {
		place, _, _ := strings.Cut(w.String(), ": ")
		list = append(list, w.Code+" "+place[strings.Index(place, ".yaml:")+len(".yaml:"):])
	}
	slices.Sort(list)
	return list
}

func TestCheckFindsMistakesInEveryProfileAndWarnsOfTheOneInForce(t *testing.T) {
	t.Parallel()
	path := writeFlowgate(t, "credentials:\n", "  other:\n    router_settings: {timeout: 0, num_retries: many}\n"+
		"  third:\n    litellm_settings: {cache: true}\ncredentials:\n")
	found, err := preview.Check(path, "balanced", environment(""))
	if err != nil || len(found.Problems) != 1 {
		t.Fatalf("%+v %v", found.Problems, err)
	}
	if p := found.Problems[0]; p.Line != 23 || p.Path != "profiles.other.router_settings.num_retries" || p.Code != "settings-invalid" {
		t.Errorf("%+v", p)
	}
	want := []string{"fallback-unknown 20:24", "routing-strategy-unknown 21:23", "setting-without-effect 11:81",
		"setting-without-effect 15:22"}
	if got := codes(found.Warnings); !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	found, err = preview.Check(path, "third", environment(""))
	if err != nil || !slices.Contains(codes(found.Warnings), "setting-without-effect 25:24") {
		t.Errorf("%q %v", codes(found.Warnings), err)
	}
}

func TestAKeyThatIsNotThereYetIsNoMistakeOfTheFile(t *testing.T) {
	t.Parallel()
	path := writeFlowgate(t, "env: ANTHROPIC_API_KEY", "env: UNSET_KEY")
	found, err := preview.Check(path, "", environment(""))
	if err != nil || len(found.Problems) != 0 || !slices.Contains(codes(found.Warnings), "credential-missing 13:51") {
		t.Errorf("%v %q %v", found.Problems, codes(found.Warnings), err)
	}
	cfg, err := config.Load(path, environment(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := preview.Warnings(cfg, "", environment("")); err == nil {
		t.Error("the router would start without the key")
	}
}

func TestNothingIsSaidOfAConfigurationThatAnotherProgramServes(t *testing.T) {
	t.Parallel()
	path := writeFlowgate(t, "runtime: embedded", "runtime: litellm", "num_retries: 2", "num_retries: many")
	found, err := preview.Check(path, "", environment(""))
	if err != nil || len(found.Problems) != 0 {
		t.Errorf("%+v %v", found, err)
	}
	cfg, err := config.Load(path, environment(""))
	if err != nil {
		t.Fatal(err)
	}
	if warnings, err := preview.Warnings(cfg, "", environment("")); err != nil || warnings != nil {
		t.Errorf("%v %v", warnings, err)
	}
	p, err := preview.File(path, "", environment(""))
	if err != nil || p.Runtime != "litellm" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestTheWellKnownMasterKeyIsRefusedAtTheUsersLine(t *testing.T) {
	t.Parallel()
	path := writeFlowgate(t, "master_key_ref: gateway", "master_key: sk-1234")
	found, err := preview.Check(path, "", environment(""))
	if err != nil || len(found.Problems) != 1 || found.Problems[0].Code != "master-key-weak" || found.Problems[0].Line != 14 {
		t.Errorf("%+v %v", found.Problems, err)
	}
}
