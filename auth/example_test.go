package auth_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/config"
)

func ExampleAccounts() {
	dir, err := os.MkdirTemp("", "flowgate-example-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg := config.Default(dir)
	_ = os.MkdirAll(cfg.Paths.Auths(), 0o700)
	_ = os.WriteFile(filepath.Join(cfg.Paths.Auths(), "claude-ada.json"), []byte(`{
		"type": "claude", "email": "ada@example.com", "access_token": "…", "refresh_token": "…", "expired": "2026-11-25T18:00:00Z"}`), 0o600)
	env := auth.Environment{Getenv: os.Getenv, Now: func() time.Time {
		return time.Date(2026, 11, 25, 12, 0, 0, 0,
			time.UTC)
	}}
	accounts, err := auth.Accounts(context.Background(), cfg, env)
	if err != nil {
		panic(err)
	}
	for _, a := range accounts {
		fmt.Println(a.Provider, a.Email, a.State)
		fmt.Println(a.Evidence)
	}
	// Output:
	// claude ada@example.com fresh
	// the file says that the access token expires at 2026-11-25T18:00:00Z
}
