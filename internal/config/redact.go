package config

import "github.com/flowgate-go/flowgate/internal/secret/redact"

// Redact returns a copy that may be shown: secrets written into the file are
// shortened, references to them (api_key_ref, os.environ/NAME, ${NAME}) stay
// readable.
func (c *Config) Redact() *Config {
	shown := *c
	shown.Base, _ = redact.Keys(c.Base).(map[string]any)
	shown.Profiles = redactMaps(c.Profiles)
	shown.Providers = redactMaps(c.Providers)
	shown.Services = append([]Service{}, c.Services...)
	for i, s := range shown.Services {
		shown.Services[i].Command = redact.Args(s.Command)
		if s.Env == nil {
			continue
		}
		env := make(map[string]string, len(s.Env))
		for name, value := range s.Env {
			env[name] = value
			if value != "" && !redact.IsReference(value) {
				env[name] = redact.Value(value)
			}
		}
		shown.Services[i].Env = env
	}
	return &shown
}

// redactMaps is redact.Keys for each of the maps.
func redactMaps(m map[string]map[string]any) map[string]map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]map[string]any, len(m))
	for name, inner := range m {
		out[name], _ = redact.Keys(inner).(map[string]any)
	}
	return out
}
