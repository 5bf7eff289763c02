package config

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// resolveVersion3 resolves the form without LiteLLM: one service, whose host and port
// are in CLIProxyAPI's own configuration file.
func (r *resolver) resolveVersion3(doc schema.DocumentV3) {
	dir := r.resolvePath(doc.Paths.RuntimeDir, "paths", "runtime_dir")
	r.cfg.Paths = Paths{
		RuntimeDir:   dir,
		ActiveConfig: filepath.Join(dir, "litellm.active.yaml"),
		StateFile:    filepath.Join(dir, "state.json"),
		LogFile:      r.resolvePath(doc.Paths.LogFile, "paths", "log_file"),
	}
	file := r.resolvePath(doc.CLIProxy.ConfigFile, "cliproxyapi_plus", "config_file")
	if file == "" {
		return // decode has reported it
	}
	r.cfg.CLIProxyConfigFile = file
	r.cfg.Usage = resolveUsage(schema.UsageDocument{})
	s := Service{
		Name: CLIProxy, Runtime: RuntimeCLIProxyAPI,
		ReadinessPath: "/",                     // 200 without a key in every known version; /v1/models needs one
		Cwd:           filepath.Dir(r.cfg.Dir), // as the first FlowGate starts it: auth-dir is relative to it
		Restart:       defaultRestart(), UnreadyRestart: Span(unreadyRestart),
	}
	r.readCLIProxyAddress(&s, file)
	// The layout of older FlowGate versions kept the program in the runtime folder.
	if binary := filepath.Join(dir, "bin", "CLIProxyAPIPlus"); isFile(binary) {
		s.Runtime, s.Command = RuntimeCommand, []string{binary, "-config", file}
	}
	r.cfg.Services = []Service{s}
}

// readCLIProxyAddress reads host and port from CLIProxyAPI's configuration, and ignores its
// other keys.
func (r *resolver) readCLIProxyAddress(s *Service, file string) {
	shown := r.displayPath(file)
	data, err := yamlnode.ReadSource(file)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), file+": ")
		r.addProblem([]string{"cliproxyapi_plus", "config_file"}, "write it, or name the right file", "cannot read %s: %s",
			shown, why)
		return
	}
	inner := yamlnode.NewDiagnosis(shown)
	root := yamlnode.Parse(inner, data)
	r.d.Problems = append(r.d.Problems, inner.Problems...)
	if root == nil {
		return
	}
	r.readCLIProxyHost(s, root, shown)
	port, ok := root.Field("port")
	number, isNumber := 0, false
	if ok {
		number, isNumber = port.Value.Value.(int)
	}
	switch {
	case !ok:
		r.d.AddInFile(shown, yamlnode.Pos{Line: 1, Column: 1}, "port", fmt.Sprint("add port: ", DefaultUpstreamPort),
			"missing key \"port\"")
	case !isNumber || number < 1 || number > 65535:
		r.d.AddInFile(shown, port.Value.At, "port", fmt.Sprint("write port: ", DefaultUpstreamPort),
			"port must be a whole number from 1 to 65535, not "+port.Value.Describe("port"))
	default:
		s.Port = number
	}
}

// readCLIProxyHost reads the host. CLIProxyAPI listens on every address when the host is
// missing or empty, so the service gets 0.0.0.0 then, with a warning.
func (r *resolver) readCLIProxyHost(s *Service, root *yamlnode.Node, shown string) {
	f, ok := root.Field("host")
	s.Host = ""
	if ok {
		s.Host, _ = f.Value.Value.(string)
	}
	ip := net.ParseIP(s.Host)
	if s.Host == "" {
		s.Host, ip = "0.0.0.0", net.IPv4zero
	}
	if ip != nil && ip.IsUnspecified() {
		r.d.Warn("listens-everywhere", "cliproxyapi_plus.config_file", r.root.PosOf("cliproxyapi_plus", "config_file"),
			"%s makes CLIProxyAPI listen on every address of this machine; write host: \"127.0.0.1\" there", shown)
	}
}

// displayPath returns the path of a file as the user would type it: relative to the
// configuration file, whose name is taken as the user typed it.
func (r *resolver) displayPath(file string) string {
	rel, err := filepath.Rel(r.cfg.Dir, file)
	if err != nil {
		return file
	}
	return filepath.Join(filepath.Dir(r.d.File), rel)
}
