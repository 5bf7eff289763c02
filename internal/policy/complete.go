package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// resolveIncludes makes the paths of the files that litellm_base includes absolute: they are
// relative to the user's file, and the generated file is in another folder.
func (b *builder) resolveIncludes() {
	files, _ := b.active.Config["include"].([]any)
	for i, file := range files {
		if name, ok := file.(string); ok && name != "" && !filepath.IsAbs(name) {
			files[i] = filepath.Join(b.cfg.Dir, name)
		}
	}
}

// moveCooldownSettings moves allowed_fails and cooldown_time from litellm_settings, where
// LiteLLM ignores them, to router_settings, where they work (both measured on
// LiteLLM 1.106.2). A value that router_settings has already stays.
func (b *builder) moveCooldownSettings() {
	settings, _ := b.active.Config["litellm_settings"].(map[string]any)
	for _, key := range [...]string{"allowed_fails", "cooldown_time"} {
		value, ok := settings[key]
		if !ok {
			continue
		}
		delete(settings, key)
		router, _ := b.active.Config["router_settings"].(map[string]any)
		if router == nil {
			router = map[string]any{}
			b.active.Config["router_settings"] = router
		}
		path := "litellm_settings." + key
		if used, ok := router[key]; ok {
			b.warn("setting-without-effect", path, fmt.Sprintf("%s has no effect: router_settings.%s is %v", path, key, used))
			continue
		}
		router[key] = value
		b.warn(
			"setting-moved",
			path,
			fmt.Sprintf("%s moved to router_settings: LiteLLM ignores it under litellm_settings", path),
		)
	}
}

// addDeploymentIDs adds model_info.id to every deployment without one: the group and a
// digest of the parameters without the key, so that the id is the same as long as the
// parameters are. Cooldowns and logs name deployments by it.
func (b *builder) addDeploymentIDs() {
	list, _ := b.active.Config["model_list"].([]any)
	taken := map[string]bool{}
	for _, entry := range list {
		if id, ok := modelInfo(entry)["id"].(string); ok {
			taken[id] = true
		}
	}
	for _, entry := range list {
		deployment, ok := entry.(map[string]any)
		if !ok || modelInfo(entry)["id"] != nil {
			continue
		}
		info := modelInfo(entry)
		if info == nil {
			info = map[string]any{}
			deployment["model_info"] = info
		}
		id := deploymentID(deployment)
		for n, base := 2, id; taken[id]; n++ { // equal deployments are numbered in their order
			id = fmt.Sprintf("%s-%d", base, n)
		}
		taken[id] = true
		info["id"] = id
	}
}

// modelInfo returns model_info of an entry of model_list, nil when it has none.
func modelInfo(entry any) map[string]any {
	deployment, _ := entry.(map[string]any)
	info, _ := deployment["model_info"].(map[string]any)
	return info
}

// deploymentID returns the group of a deployment and a digest of its parameters without the
// key.
func deploymentID(deployment map[string]any) string {
	params := map[string]any{}
	allParams, _ := deployment["litellm_params"].(map[string]any)
	for key, value := range allParams {
		if key != "api_key" {
			params[key] = value
		}
	}
	text, err := json.Marshal(params) // keys sorted
	if err != nil {                   // .inf or .nan, which JSON cannot express
		text = fmt.Append(nil, params)
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%v-%s", deployment["model_name"], hex.EncodeToString(sum[:4]))
}
