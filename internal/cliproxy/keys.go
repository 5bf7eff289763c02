package cliproxy

import (
	"context"
	"net/http"
)

// Keys returns one of the server's lists of accounts with API keys, such as
// claude-api-key, with all members. They hold keys: never print them.
func (c *Client) Keys(ctx context.Context, list string) ([]map[string]any, error) {
	var reply map[string][]map[string]any
	if err := c.call(ctx, http.MethodGet, list, nil, nil, &reply); err != nil {
		return nil, err
	}
	items := reply[list]
	for _, item := range items {
		delete(item, "auth-index") // the server adds it, for this run
	}
	return items, nil
}

// SetKeys replaces one of the lists as a whole.
func (c *Client) SetKeys(ctx context.Context, list string, items []map[string]any) error {
	return c.call(ctx, http.MethodPut, list, nil, items, nil)
}
