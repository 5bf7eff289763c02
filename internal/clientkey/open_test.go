package clientkey_test

import (
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestOnlyTheEmbeddedRouterHasNamedKeys(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	if s, err := clientkey.Open(cfg); err != nil || s.Folder != cfg.Paths.Secrets() {
		t.Errorf("%+v, %v", s, err)
	}
	for i := range cfg.Services {
		if cfg.Services[i].Name == config.LiteLLM {
			cfg.Services[i].Runtime = config.RuntimeLiteLLM
		}
	}
	if _, err := clientkey.Open(cfg); !fault.HasCode(err, "keys-elsewhere") {
		t.Errorf("LiteLLM: %v", err)
	}
	cfg.Services = nil
	if _, err := clientkey.Open(cfg); !fault.HasCode(err, "keys-elsewhere") {
		t.Errorf("no router: %v", err)
	}
}

func TestTypedLimitsAreReadAsPeopleMeanThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	l, err := clientkey.Wishes{Models: "a, b*,", Routes: "/metrics", RPM: lo.ToPtr(5), Budget: "$2.50", Period: "1d",
		Expires: "30d"}.Parse(now)
	if err != nil || len(l.Models) != 2 || l.Models[1] != "b*" || *l.RPM != 5 || l.TPM != nil || *l.MaxBudget != 2.5 ||
		l.AllowedRoutes[0] != "/metrics" || !l.Expires.Equal(now.AddDate(0, 0, 30)) {
		t.Errorf("%+v, %v", l, err)
	}
	for text, want := range map[string]time.Time{"2027-01-31": time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		"2027-01-31T18:00:00+02:00": time.Date(2027, 1, 31, 16, 0, 0, 0, time.UTC), "12h": now.Add(12 * time.Hour),
		"2w": now.AddDate(0, 0, 14), "1mo": now.AddDate(0, 1, 0)} {
		if l, err := (clientkey.Wishes{Expires: text}).Parse(now); err != nil || !l.Expires.Equal(want) {
			t.Errorf("%s: %v, %v", text, l.Expires, err)
		}
	}
	if l, err := (clientkey.Wishes{TPM: lo.ToPtr(6), MaxParallel: lo.ToPtr(7)}).Parse(now); err != nil || *l.TPM != 6 ||
		*l.MaxParallel != 7 || l.RPM != nil {
		t.Errorf("%+v, %v", l, err)
	}
	for _, w := range []clientkey.Wishes{{Expires: "soon"}, {Expires: "0d"}, {Expires: "99999999d"}, {Budget: "much"}, {RPM: lo.ToPtr(0)},
		{Budget: "NaN"}, {Budget: "-1"}, {Period: "1d"}, {Budget: "1", Period: "never"}} {
		if _, err := w.Parse(now); !fault.HasCode(err, "key-invalid") {
			t.Errorf("%+v: %v", w, err)
		}
	}
}

func TestWhatCannotBeALimitIsNamedAsItWasTyped(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]clientkey.Wishes{
		"-rpm must be at least 1, not -1":              {RPM: lo.ToPtr(-1)},
		"-tpm must be at least 1, not 0":               {TPM: lo.ToPtr(0)},
		"-max-parallel must be at least 1, not 0":      {MaxParallel: lo.ToPtr(0)},
		"-budget must be a number of dollars above 0":  {Budget: "-1"},
		"-period needs -budget":                        {Period: "1d"},
		"-period=never: a period is a number with s, ": {Budget: "1", Period: "never"},
	} {
		if _, err := w.Parse(time.Now()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
