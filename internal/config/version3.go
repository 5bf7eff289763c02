package config

import (
	"net"
	"path/filepath"
	"strings"
)

// version3 resolves the form without LiteLLM: one service, whose host and port
// stand in CLIProxyAPI's own configuration file.
func (r *resolver) version3(doc documentV3) {
	dir := r.path(doc.Paths.RuntimeDir, "paths", "runtime_dir")
	r.cfg.Paths = Paths{
		RuntimeDir:   dir,
		ActiveConfig: filepath.Join(dir, "litellm.active.yaml"),
		StateFile:    filepath.Join(dir, "state.json"),
		LogFile:      r.path(doc.Paths.LogFile, "paths", "log_file"),
	}
	file := r.path(doc.CLIProxy.ConfigFile, "cliproxyapi_plus", "config_file")
	if file == "" {
		return // decode has reported it
	}
	r.cfg.CLIProxyConfigFile = file
	s := Service{
		Name: CLIProxy, Runtime: RuntimeCLIProxyAPI,
		ReadinessPath: "/",                     // 200 without a key in every known version; /v1/models wants one
		Cwd:           filepath.Dir(r.cfg.Dir), // as the first FlowGate starts it: auth-dir counts from there
		Restart:       defaultRestart(), UnreadyRestart: Span(unreadyRestart),
	}
	r.cliproxyAddress(&s, file)
	// The layout of older FlowGate versions kept the program in the runtime folder.
	if binary := filepath.Join(dir, "bin", "CLIProxyAPIPlus"); isFile(binary) {
		s.Runtime, s.Command = RuntimeCommand, []string{binary, "-config", file}
	}
	r.cfg.Services = []Service{s}
}

// cliproxyAddress reads host and port from CLIProxyAPI's configuration. Its
// other keys are its own business.
func (r *resolver) cliproxyAddress(s *Service, file string) {
	shown := r.shown(file)
	data, err := readSource(file)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), file+": ")
		r.problem([]string{"cliproxyapi_plus", "config_file"}, "write it, or name the right file", "cannot read %s: %s", shown, why)
		return
	}
	inner := newDiagnosis(shown)
	root := parse(inner, data)
	r.d.problems = append(r.d.problems, inner.problems...)
	if root == nil {
		return
	}
	r.cliproxyHost(s, root, shown)
	port, ok := root.field("port")
	number, isNumber := 0, false
	if ok {
		number, isNumber = port.value.value.(int)
	}
	switch {
	case !ok:
		r.d.addIn(shown, pos{1, 1}, "port", "add port: 8317", "missing key \"port\"")
	case !isNumber || number < 1 || number > 65535:
		r.d.addIn(shown, port.value.at, "port", "write port: 8317", "port must be a whole number from 1 to 65535, not "+port.value.describe("port"))
	default:
		s.Port = number
	}
}

// cliproxyHost reads the host; CLIProxyAPI listens on every address when it is
// missing or empty, and so the service says 0.0.0.0, with a warning.
func (r *resolver) cliproxyHost(s *Service, root *node, shown string) {
	f, ok := root.field("host")
	s.Host = ""
	if ok {
		s.Host, _ = f.value.value.(string)
	}
	ip := net.ParseIP(s.Host)
	if s.Host == "" {
		s.Host, ip = "0.0.0.0", net.IPv4zero
	}
	if ip != nil && ip.IsUnspecified() {
		r.d.warn("listens-everywhere", "cliproxyapi_plus.config_file", r.root.place("cliproxyapi_plus", "config_file"),
			"%s makes CLIProxyAPI listen on every address of this machine; write host: \"127.0.0.1\" there", shown)
	}
}

// shown is file as people would name it from where they are: relative to the
// configuration as they named that.
func (r *resolver) shown(file string) string {
	rel, err := filepath.Rel(r.cfg.Dir, file)
	if err != nil {
		return file
	}
	return filepath.Join(filepath.Dir(r.d.file), rel)
}
