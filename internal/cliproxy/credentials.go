package cliproxy

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// CredentialFile is a credential as the server lists it. Status "active" does
// not mean that it works: fake and expired tokens are active too.
type CredentialFile struct {
	Name           string     `json:"name"`
	Type           string     `json:"type"`
	Status         string     `json:"status"`
	StatusMessage  string     `json:"status_message"`
	Disabled       bool       `json:"disabled"`
	Unavailable    bool       `json:"unavailable"`
	Email          string     `json:"email"`
	NextRetryAfter *time.Time `json:"next_retry_after"`
}

// Files returns the credentials that the server has loaded.
func (c *Client) Files(ctx context.Context) ([]CredentialFile, error) {
	var reply struct {
		Files []CredentialFile `json:"files"`
	}
	err := c.call(ctx, http.MethodGet, "auth-files", nil, nil, &reply)
	return reply.Files, err
}

// Models returns the number of models that a credential offers; known is false if the
// server does not report it (Plus 6).
func (c *Client) Models(ctx context.Context, name string) (count int, known bool, err error) {
	var reply struct {
		Models []struct{} `json:"models"`
	}
	err = c.call(ctx, http.MethodGet, "auth-files/models", url.Values{"name": {name}}, nil, &reply)
	if errors.Is(err, ErrUnsupported) {
		return 0, false, nil
	}
	return len(reply.Models), err == nil, err
}
