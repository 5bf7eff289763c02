// Package session holds what the methods of one sign-in share: the installation,
// the provider, the options and the terminal.
package session

import (
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Session is one sign-in.
type Session struct {
	Config   *config.Config
	Env      auth.Environment
	Provider provider.Provider
	Options  Options
	Lost     error // why the last request of the sign-in was lost; nil if it was answered
}

// Options steer a sign-in. A secret comes from Stdin, Env or File and never from an
// argument.
type Options struct {
	Method   string        // "": the provider's default
	Timeout  time.Duration // 0: 5 min
	Paste    bool          // the browser is on another machine: the user pastes its last address
	Stdin    bool          // the secret is the first line of In
	Env      string        // the secret is in this variable
	File     string        // the secret is in this file
	Label    string        // names the account if the provider does not
	Project  string        // Google Cloud project, if the provider needs one
	Force    bool
	Share    bool
	Wire     bool // write an API key into the configuration that uses it, without asking
	Terminal Terminal
}
