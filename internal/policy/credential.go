package policy

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// resolveCredential returns the value of the credential name, which the key at path
// refers to. A credential from the environment stays a reference, so that its value is
// in no file.
func (b *builder) resolveCredential(name, path string) (string, error) {
	c, ok := b.cfg.Credentials[name]
	switch {
	case !ok: // impossible in a configuration that was loaded from a file
		return "", fault.Usage("credential-missing", "%s names the credential %q, which is not defined", path, name).
			WithHint("add credentials.upstream.%s: {file: …} or {env: …}", name)
	case b.isElsewhere() && c.Env == "":
		return envReference + b.variables(name), nil
	case b.isElsewhere():
		return envReference + c.Env, nil
	case c.Env != "" && b.getenv(c.Env) == "":
		return "", fault.Usage("credential-missing", "%s needs the environment variable %s (credential %q), which is not set",
			path, c.Env, name).
			WithHint("export %s=… before this command", c.Env)
	case c.Env != "":
		return envReference + c.Env, nil
	case b.isOwnKey(c.File) && !b.readOnly:
		return b.ensureKey(c.File)
	}
	key, isReadable, err := keyfile.Read(c.File)
	if err != nil {
		return "", unusableCredentialFault(name, path, c.File, err)
	}
	if isReadable {
		b.warn("credential-readable", path, c.File+" can be read by others; chmod 600 it")
	}
	return key, nil
}

// isOwnKey reports whether file is a key that FlowGate makes itself: the gateway
// key, which only clients of this router send, and the upstream key as long
// as the upstream is the echo upstream. A real upstream has the key in its own
// configuration too, so it would refuse a new one.
func (b *builder) isOwnKey(file string) bool {
	secrets := b.cfg.Paths.Secrets()
	if file == filepath.Join(secrets, "gateway.key") {
		return true
	}
	hasEcho := slices.ContainsFunc(b.cfg.Services, func(s config.Service) bool { return s.Runtime == config.RuntimeEcho })
	return hasEcho && file == filepath.Join(secrets, "upstream.key")
}

// ensureKey returns the key in a file, and makes it when there is none, unless b.readOnly
// is set.
func (b *builder) ensureKey(file string) (string, error) {
	if b.readOnly {
		key, _, err := keyfile.Read(file)
		if err != nil {
			return "", unusableCredentialFault("gateway", "general_settings.master_key", file, err)
		}
		return key, nil
	}
	key, _, err := keyfile.Ensure(file)
	if err != nil {
		return "", fault.Usage("credential-missing", "read or make the key %s: %w", file, err).
			WithHint("its folder must be writable, and the file must be readable for you and have one line")
	}
	return key, nil
}

// absentKey replaces a key that does not exist, or that FlowGate makes when a stack starts.
const absentKey = "not-there-yet"

// recordUnresolved records that the credential name, which the key at path refers to, cannot
// be read, unless FlowGate makes it at the start. It returns the value that replaces it.
func (b *builder) recordUnresolved(name string, path []any, err error) string {
	c := b.cfg.Credentials[name]
	if b.isOwnKey(c.File) && errors.Is(err, fs.ErrNotExist) {
		return absentKey
	}
	b.active.Unresolved = append(b.active.Unresolved, Unresolved{path, err})
	if c.Env != "" {
		return envReference + c.Env
	}
	return absentKey
}

// unusableCredentialFault returns the fault for a credential whose file cannot be used; the key
// at path needs it.
func unusableCredentialFault(name, path, file string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e := fault.Usage("credential-missing", "%s needs the credential %q, but there is no file %s", path, name, file)
		e.Err = err
		return e.WithHint("write the key into it, one line, chmod 600")
	case errors.Is(err, keyfile.ErrEmpty):
		return fault.Usage("credential-missing", "credential %q, needed by %s: %s: %w", name, path, file, err).
			WithHint("write the key into it, one line")
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fault.Usage("credential-invalid", "credential %q, needed by %s: %s: %w", name, path, file, err).
		WithHint("it must be a readable file that holds the key on one line")
}

// setMasterKey sets general_settings.master_key when it is missing: to the variable
// LITELLM_MASTER_KEY, else to the gateway key. LiteLLM refuses to start without one
// (measured on LiteLLM 1.106.2).
func (b *builder) setMasterKey() error {
	general, _ := b.active.Config["general_settings"].(map[string]any)
	if general == nil {
		general = map[string]any{}
		b.active.Config["general_settings"] = general
	}
	if key, ok := general["master_key"]; ok && key != nil && key != "" {
		return nil
	}
	if b.isElsewhere() {
		general["master_key"] = envReference + b.variables("")
		return nil
	}
	if b.getenv("LITELLM_MASTER_KEY") != "" {
		general["master_key"] = envReference + "LITELLM_MASTER_KEY"
		return nil
	}
	key, err := b.ensureKey(filepath.Join(b.cfg.Paths.Secrets(), gatewayKey))
	if err != nil && b.tolerant {
		key, err = absentKey, nil
	}
	general["master_key"] = key
	return err
}
