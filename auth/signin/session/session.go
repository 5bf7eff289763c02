package session

import (
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Session is one sign-in under way.
type Session struct {
	Config   *config.Config
	Env      auth.Environment
	Provider provider.Provider
	Options  Options
	Lost     error // why the last question about the sign-in had no answer; nil when it had one
}

// Options steer Login. A secret comes from Stdin, Env or File and never
// from an argument.
type Options struct {
	Method   string        // "": the provider's default
	Timeout  time.Duration // 0: 5 min
	Paste    bool          // the browser is on another machine: its last address is pasted here
	Stdin    bool          // the secret is the first line of In
	Env      string        // the secret is in this variable
	File     string        // the secret is in this file
	Label    string        // names the account where the provider does not
	Project  string        // Google Cloud project, where the provider wants one
	Force    bool
	Share    bool
	Wire     bool // an API key is written into the configuration that uses it, unasked
	Terminal Terminal
}
