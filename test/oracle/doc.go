// Package oracle compares the stack with the real CLIProxyAPI, built from its
// published module. It is a module of its own, so that FlowGate's go.mod is
// free of CLIProxyAPI's dependencies; run it with: go tool mage test:oracle
//
// A CLIProxyAPI 7 of which `init` wrote the configuration has one Claude account
// with an API key, cloak mode "auto" and a capturing upstream on loopback. In
// that mode it rewrites the prompts of clients that it does not recognise as
// Claude Code.
package oracle
