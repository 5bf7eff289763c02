// Package deploy renders an installation for other places than this machine: the files of a
// deployment, made from the installation's own configuration. Read gives the Stack that the
// packages below (kubernetes and its neighbours) render; Rendering.Write puts the files into a
// folder, and Check says whether the files in a folder are still what the configuration makes.
//
// References stay references: no secret is read, and none is in a file. Write replaces only files
// that this package wrote and nobody has edited.
//
// It is larger than other packages because Read, Write and Check share one Stack and one list of files.
package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Place says what is different where a stack is deployed.
type Place struct {
	Profile  string // "" for the default one
	Upstream string // host:port at which the router reaches the supervised upstream there; "": as here
	Redis    string // host:port of a Redis there, for the state that routers share; "": as configured
	MinPort  int    // the lowest port that a service may listen on; 0: any
}

// Stack is an installation as it is rendered. It holds no secret.
type Stack struct {
	Profile  string
	Router   config.Service
	Upstream *config.Service // nil when the configuration has no cliproxyapi_plus
	Settings []File          // the router's settings: SettingsFile, with what it includes
	// Variables are what the router's process reads of its environment and must not be in a file, sorted.
	Variables []Variable
	// UpstreamVariables are the same of the supervised upstream.
	UpstreamVariables []Variable
	Keys              []Key        // the router's keys that are files here, sorted by Variable
	ClientKeys        bool         // named keys exist: ClientKeysFile has to reach the router
	ClientKeysFile    string       // where the named keys are here, as Key.File
	Usage             config.Usage // what the embedded router keeps of each request; nothing for another router
	// CLIProxyFile is CLIProxyAPI's own file, relative to the configuration's folder if below it; it holds keys.
	CLIProxyFile string
	Drain        time.Duration // how long the longest request may take: what a router that ends has to wait for
	Addresses    []Address     // what the router connects to
	MasterKey    string        // the variable of the key that clients send; also one of Variables or Keys
	OpenMetrics  bool          // GET /metrics needs no key
	Telemetry    bool          // the router sends telemetry to a collector
	Redis        bool          // routers share state through Redis
	Warnings     []config.Warning
}

// SettingsFile is the name of the router's settings among Stack.Settings.
const SettingsFile = "router.yaml"

// Read returns the stack of a configuration at a place. It reads the configuration's own files
// and no key. Faults: config-not-found, secret-inline, deploy-port, deploy-unsupported, those of
// policy.Refer.
func Read(cfg *config.Config, at Place) (Stack, error) {
	if cfg.File == "" {
		return Stack{}, fault.Usage("config-not-found", "there is no config/flowgate.yaml here: there is nothing to deploy").
			WithHint("mage init writes one, -config=PATH names one elsewhere")
	}
	router, hasRouter := cfg.Service(config.LiteLLM)
	if !hasRouter || cfg.Version == 3 {
		return Stack{}, fault.Usage("deploy-unsupported", "%s is version 3, which has no router to deploy", cfg.File).
			WithHint("use config_version: 2")
	}
	if err := checkInline(cfg); err != nil {
		return Stack{}, err
	}
	s := Stack{Router: router}
	if router.Runtime == config.RuntimeEmbedded {
		s.Usage = cfg.Usage
	}
	if upstream, ok := cfg.Service(config.CLIProxy); ok {
		s.Upstream = &upstream
	}
	if err := s.checkServices(at.MinPort); err != nil {
		return Stack{}, err
	}
	if err := s.readSettings(cfg, at); err != nil {
		return Stack{}, err
	}
	s.readVariables(cfg)
	s.readUpstreamFile(cfg)
	return s, s.checkVariables()
}

// checkServices returns a fault for a service that cannot be deployed.
func (s *Stack) checkServices(minPort int) error {
	services := []config.Service{s.Router}
	if s.Upstream != nil {
		services = append(services, *s.Upstream)
	}
	for _, svc := range services {
		if svc.Port < minPort {
			return fault.Usage("deploy-port", "services.%s.port is %d: a process without root's rights cannot listen below %d",
				svc.Name, svc.Port, minPort).WithHint("give the service a port from %d on; the address that clients use may keep "+
				"its own", minPort)
		}
		if svc.Runtime == config.RuntimeCommand {
			return fault.Usage("deploy-unsupported", "services.%s runs a command of this machine, which no image has", svc.Name).
				WithHint("choose one of the runtimes embedded, litellm, cliproxyapi and echo for what is deployed")
		}
	}
	return nil
}

// Checksum returns a digest of the router's settings: what has to restart when it changes.
func (s Stack) Checksum() string { return checksum(s.Settings) }

// checksum returns a digest of the names and contents of files.
func checksum(files []File) string {
	sum := sha256.New()
	for _, f := range files {
		_, _ = fmt.Fprintf(sum, "%d %s %d ", len(f.Path), f.Path, len(f.Content)) // a hash never fails
		sum.Write([]byte(f.Content))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
