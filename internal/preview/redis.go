package preview

import (
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// Redis returns the Redis through which the embedded router would share its state with a profile; nil: none,
// or the configuration cannot be used. It is no part of a Preview, since it holds a password.
func Redis(cfg *config.Config, profile string, getenv func(string) string) *settings.Redis {
	router, _ := cfg.Service(config.LiteLLM)
	active, err := policy.Plan(cfg, profile, getenv)
	if err != nil {
		return nil
	}
	w := locator{cfg: cfg, profile: profile}
	loaded, _ := settings.ExamineValues(cfg.File, active.Config, w.locate, w.environment(router, getenv))
	return loaded.Redis
}
