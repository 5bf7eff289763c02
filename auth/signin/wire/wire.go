// Package wire puts an API key where it is used: AddToConfig enters it into
// flowgate.yaml for the router, AddToServer into CLIProxyAPI.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// AddToConfig enters a key file that was written into flowgate.yaml, if the user
// agrees, so that the router uses it. Faults: those of rewrite.WireKey. Without -wire,
// those that are found before the user is asked are warnings.
func AddToConfig(s *session.Session, c *auth.Change) error {
	if s.Config.File == "" {
		c.Warnings = append(c.Warnings, auth.Warning{Code: "key-not-wired",
			Message: program.Text("there is no configuration file yet, so nothing uses the key; mage init writes one")})
		return nil
	}
	name := c.Account.Provider
	plan, err := rewrite.WireKey(s.Config.File, name, c.Destination, true, s.Env.Now(), s.Env.Getenv)
	switch {
	case err != nil && !s.Options.Wire:
		c.Warnings = append(c.Warnings, auth.Warning{Code: "key-not-wired", Message: err.Error()})
		return nil
	case err != nil:
		return err
	case !plan.Changed:
		return nil
	case !askConsent(s, fmt.Sprintf("Write credentials.upstream.%s, and api_key_ref for %d deployments, into %s?", name,
		len(plan.Deployments), s.Config.File)):
		c.Warnings = append(c.Warnings, auth.Warning{Code: "key-not-wired",
			Message: fmt.Sprintf("%s does not name the key yet; run it again with -wire, or write credentials.upstream.%s: "+
				"{file: %s}", s.Config.File, name, c.Destination)})
		return nil
	}
	wiring, err := rewrite.WireKey(s.Config.File, name, c.Destination, false, s.Env.Now(), s.Env.Getenv)
	if err != nil {
		return err
	}
	c.Changed, c.Wired = true, &wiring
	c.Proof = "the key is named in " + s.Config.File
	if len(wiring.Deployments) == 0 {
		c.Warnings = append(c.Warnings, auth.Warning{Code: "no-deployment",
			Message: fmt.Sprintf("no deployment of %s lacks a key: add one with model: %s/… and api_key_ref: %s", name, name,
				name)})
	}
	return nil
}

// askConsent reports whether a file that users edit may be changed: yes with the flag
// -wire, else what the user answers, no without a terminal.
func askConsent(s *session.Session, question string) bool {
	return s.Options.Wire || s.Options.Terminal.Confirm != nil && s.Options.Terminal.Confirm(question)
}

// keyItem returns the entry of an API key in CLIProxyAPI's list of the provider.
func keyItem(s *session.Session, key string) map[string]any {
	set := s.Provider.Settings
	if set.KeyList == "openai-compatibility" {
		item := map[string]any{"name": s.Provider.Name, "base-url": set.KeyBaseURL,
			"api-key-entries": []any{map[string]any{"api-key": key}}}
		var models []any
		for _, name := range set.KeyModels {
			models = append(models, map[string]any{"name": name, "alias": name})
		}
		if len(models) > 0 {
			item["models"] = models
		}
		return item
	}
	item := map[string]any{"api-key": key}
	if set.KeyBaseURL != "" {
		item["base-url"] = set.KeyBaseURL
	}
	return item
}

// AddToServer puts an API key into CLIProxyAPI's list for the provider: through the
// management API if the server runs, else into its configuration file if the user
// agrees. Faults: those of the management API, provider-unsupported, proof-failed, and
// those of addToFile.
func AddToServer(ctx context.Context, s *session.Session, key string) (auth.Change, error) {
	item := keyItem(s, key)
	c := auth.Change{Destination: s.Config.CLIProxyConfigFile, Warnings: []auth.Warning{}, Account: &auth.Account{
		Provider: s.Provider.Name, Method: "api_key", Account: s.Provider.Settings.KeyList, File: s.Config.CLIProxyConfigFile,
		State: auth.Lasting, Evidence: "an API key does not expire", ObservedAt: s.Env.Now().UTC(),
		Problems: []auth.Problem{},
	}}
	srv, err := management.Open(s.Config, s.Env)
	if err == nil {
		err = addToServer(ctx, s, srv, item, &c)
	}
	if err == nil || !fault.HasCode(err, "management-unreachable") && !fault.HasCode(err, "management-key-missing") {
		if errors.Is(err, cliproxy.ErrUnsupported) {
			err = fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) has no %s", srv.Base, srv.Version,
				s.Provider.Settings.KeyList).WithHint("newer versions have it; mage bootstrap:update installs one")
		}
		return c, err
	}
	return c, addToFile(s, item, &c)
}

// addToServer adds the item to the running server's list and reads the list back.
func addToServer(ctx context.Context, s *session.Session, srv *management.Server, item map[string]any,
	c *auth.Change) error {
	list := s.Provider.Settings.KeyList
	before, err := srv.Keys(ctx, list)
	if err != nil {
		return srv.RecordRefusal(err)
	}
	if slices.ContainsFunc(before, func(other map[string]any) bool { return holdsKey(other, item) }) {
		c.Proof = "nothing to do: the server has the key already"
		return nil
	}
	if err := srv.SetKeys(ctx, list, append(before, item)); err != nil {
		return srv.RecordRefusal(err)
	}
	c.Changed = true
	after, err := srv.Keys(ctx, list)
	if err != nil {
		return srv.RecordRefusal(err)
	}
	if !slices.ContainsFunc(after, func(other map[string]any) bool { return holdsKey(other, item) }) {
		return fault.New("proof-failed", "CLIProxyAPI at %s accepted the key but does not list it in %s", srv.Base, list).
			WithHint("see mage logs cliproxyapi_plus")
	}
	c.Proof = "the server lists the key in " + list
	return nil
}

// holdsKey reports whether an entry of the server holds the key of item.
func holdsKey(entry, item map[string]any) bool {
	if key, ok := item["api-key"]; ok {
		return entry["api-key"] == key
	}
	inner, _ := item["api-key-entries"].([]any)
	wanted, _ := inner[0].(map[string]any)
	entries, _ := entry["api-key-entries"].([]any)
	return slices.ContainsFunc(entries, func(e any) bool {
		m, _ := e.(map[string]any)
		return m["api-key"] == wanted["api-key"]
	})
}

// addToFile adds the item to CLIProxyAPI's configuration file. The old file, which
// holds keys, is copied to the trash. Faults: cliproxy-config-missing,
// source-unreadable, wire-unsafe, key-not-wired, write-failed.
func addToFile(s *session.Session, item map[string]any, c *auth.Change) error {
	file, list := s.Config.CLIProxyConfigFile, s.Provider.Settings.KeyList
	if file == "" {
		return fault.Usage("cliproxy-config-missing", "CLIProxyAPI has no configuration file for the key").
			WithHint("mage init -upstream=cliproxyapi writes one")
	}
	old, err := safefile.Read(file, safefile.DocumentLimit)
	if err != nil {
		return fault.New("source-unreadable", "read %s: %s", file, safefile.Reason(err)).
			WithHint("it must be a file that you own and can read")
	}
	text, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("encode the key's entry: %w", err)
	}
	if key, _ := item["api-key"].(string); key != "" && bytes.Contains(old, []byte(key)) {
		c.Proof = "nothing to do: " + file + " has the key already"
		return nil
	}
	added, err := rewrite.AddToList(file, old, list, string(text))
	if err != nil {
		return fault.Usage("wire-unsafe", "%s cannot be changed safely: %w", file, err).
			WithHint("add the key to %s by hand; nothing was changed", list)
	}
	if !askConsent(s, fmt.Sprintf("CLIProxyAPI does not answer. Write the key into %s of %s?", list, file)) {
		return fault.Usage("key-not-wired", "CLIProxyAPI does not answer, and its file %s is not changed without consent",
			file).WithHint("start it (mage start) and run this again, or use -wire")
	}
	if err := replaceServerFile(s, old, added); err != nil {
		return err
	}
	c.Changed, c.Proof = true, "the key is in "+list+" of "+file
	if management.NotReady(s.Config, s.Env) == "" {
		c.Warnings = append(c.Warnings, auth.Warning{Code: "restart-needed",
			Message: program.Text("the running CLIProxyAPI does not see the change: mage restart cliproxyapi_plus")})
	}
	return nil
}

// replaceServerFile replaces CLIProxyAPI's configuration file, after a copy to the
// trash, and restores it if the new one cannot be read. Faults: wire-unsafe,
// write-failed.
func replaceServerFile(s *session.Session, old, added []byte) error {
	file, list := s.Config.CLIProxyConfigFile, s.Provider.Settings.KeyList
	if err := rewrite.CheckWritable(file); err != nil {
		return fault.Usage("wire-unsafe", "%s cannot be changed: %w", file, err).
			WithHint("add the key to %s by hand; nothing was changed", list)
	}
	if err := privatefile.Write(filepath.Join(auth.TrashFolder(auth.Folder(s.Config, s.Env)),
		vault.TrashName(filepath.Base(file), s.Env.Now())), old); err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return privatefile.Unwritable(file, err)
	}
	if err := privatefile.Write(target, added); err != nil {
		return err
	}
	if _, err := cliproxy.ReadFile(file); err != nil {
		return errors.Join(fault.New("wire-unsafe", "%s could not be read after the change; it was restored", file).
			WithHint("add the key to %s by hand", list), privatefile.Write(target, old))
	}
	return nil
}
