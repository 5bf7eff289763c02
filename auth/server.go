package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// banTime is how long CLIProxyAPI refuses a machine after five wrong keys, and
// so how long a refused key is remembered.
const banTime = 30 * time.Minute

// server is the management API of the installation's CLIProxyAPI. A key that it
// refused is remembered over commands: a loop of them would be banned.
type server struct {
	*cliproxy.Client
	cfg  *config.Config
	mark string // of the key and the server's configuration
}

// errNoServer means that the upstream is no CLIProxyAPI.
var errNoServer = errors.New("the upstream is the echo, which signs in nowhere")

// openServer returns the server's client; nothing is asked yet. Faults:
// management-key-missing, management-key-refused; errNoServer.
func openServer(cfg *config.Config, env Environment) (*server, error) {
	svc, ok := cfg.Service(config.CLIProxy)
	if !ok || svc.Runtime == config.RuntimeEcho {
		return nil, errNoServer
	}
	file := filepath.Join(cfg.Paths.Secrets(), "management.key")
	key, _, err := keyfile.Read(file)
	if err != nil {
		return nil, fault.New("management-key-missing", "the key of CLIProxyAPI's management API is not in %s: %s", file, reason(err)).
			WithHint("put there what remote-management.secret-key was before the server replaced it by a hash, one line, mode 0600")
	}
	changed := time.Time{}
	if info, err := os.Stat(cfg.CLIProxyConfigFile); err == nil {
		changed = info.ModTime()
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", key, svc.URL(), changed.UnixNano()))
	s := &server{&cliproxy.Client{Base: svc.URL(), Key: key}, cfg, hex.EncodeToString(sum[:])}
	if s.refusedBefore(env.Now()) {
		return nil, fault.New("management-key-refused", "CLIProxyAPI at %s refused the management key in %s a short while ago; it is not tried again", svc.URL(), file).
			WithHint("correct the key or remote-management.secret-key; five wrong tries ban this machine for 30 minutes")
	}
	return s, nil
}

func (s *server) memory() string {
	return filepath.Join(s.cfg.Paths.RuntimeDir, "management-key.refused")
}

func (s *server) refusedBefore(now time.Time) bool {
	info, err := os.Stat(s.memory())
	if err != nil || now.Sub(info.ModTime()) > banTime {
		return false
	}
	seen, err := safefile.Read(s.memory(), safefile.DocumentLimit)
	return err == nil && string(seen) == s.mark
}

// note remembers a refusal and passes err on; a reply that nobody expected
// becomes a fault.
func (s *server) note(err error) error {
	if reply := (*cliproxy.ReplyError)(nil); errors.As(err, &reply) {
		return fault.New("management-failed", "CLIProxyAPI at %s answered %d: %w", s.Base, reply.Status, err).WithHint("mage logs cliproxyapi_plus says more")
	}
	if isCode(err, "management-key-refused") {
		_ = writeFile(s.memory(), []byte(s.mark)) // if that fails, the next command tries once more
	}
	return err
}

// list is Files with refusals remembered.
func (s *server) list(ctx context.Context) ([]cliproxy.CredentialFile, error) {
	files, err := s.Files(ctx)
	return files, s.note(err)
}

func isCode(err error, code string) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == code
}
