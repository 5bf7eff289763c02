// A double of CLIProxyAPI 7: the endpoints that FlowGate relies on, with the
// answers that were recorded of it. Built with -ldflags "-X main.lacks=PATH" it
// does not have that endpoint; -X main.version=V has it report that version.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
)

var lacks, version string

func main() {
	fmt.Printf("CLIProxyAPI Version: %s, Commit: none, BuiltAt: unknown\n", version)
	if len(os.Args) < 3 {
		return // -help
	}
	text, err := os.ReadFile(os.Args[2]) // -config FILE
	var settings struct {
		Host       string   `yaml:"host"`
		Port       int      `yaml:"port"`
		AuthDir    string   `yaml:"auth-dir"`
		Keys       []string `yaml:"api-keys"`
		Management struct {
			Key string `yaml:"secret-key"`
		} `yaml:"remote-management"`
	}
	if err == nil {
		err = yaml.Unmarshal(text, &settings)
	}
	if err != nil {
		fmt.Println("failed to load config:", err)
		return // as the real one: exit status 0
	}
	if credentials, _ := os.ReadDir(settings.AuthDir); len(credentials) > 0 || strings.Contains(string(text), "canary") {
		fmt.Println("a probe must not see credentials")
		os.Exit(1)
	}
	answer := func(path, key, missing string, reply any) {
		if path == lacks {
			return
		}
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if key != "" && r.Header.Get("Authorization") != "Bearer "+key {
				w.WriteHeader(http.StatusUnauthorized)
				reply := map[string]string{"error": missing}
				_ = json.NewEncoder(w).Encode(reply)
				return
			}
			_ = json.NewEncoder(w).Encode(reply)
		})
	}
	signIn := map[string]string{"status": "ok", "url": "https://example.com/authorize", "state": "0123"}
	answer("/{$}", "", "", map[string]any{"message": "CLI Proxy API Server", "endpoints": []string{}})
	answer("/v1/models", settings.Keys[0], "Invalid API key", map[string]any{"object": "list", "data": []string{}})
	answer(
		"/v0/management/config", settings.Management.Key, "invalid management key", map[string]any{"port": settings.Port},
	)
	answer(
		"/v0/management/auth-files", settings.Management.Key, "invalid management key", map[string]any{"files": []string{}},
	)
	answer("/v0/management/codex-auth-url", settings.Management.Key, "invalid management key", signIn)
	answer("/v0/management/anthropic-auth-url", settings.Management.Key, "invalid management key", signIn)
	answer(
		"/v0/management/get-auth-status",
		settings.Management.Key,
		"invalid management key",
		map[string]string{"status": "error", "error": "unknown or expired state"},
	)
	fmt.Println(http.ListenAndServe(fmt.Sprintf("%s:%d", settings.Host, settings.Port), nil))
}
