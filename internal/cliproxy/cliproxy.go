// Package cliproxy speaks to CLIProxyAPI and CLIProxyAPIPlus: ReadFile reads
// what their own configuration says.
//
// It never writes their files and never prints a key.
package cliproxy
