package cliproxy

import (
	"context"
	"net/http"
)

// Keys are the accounts with API keys in one of the server's lists, such as
// claude-api-key, with all their members. They hold keys: never print them.
func (c *Client) Keys(ctx context.Context, list string) ([]map[string]any, error) {
	var reply map[string][]map[string]any
	if err := c.call(ctx, http.MethodGet, list, nil, nil, &reply); err != nil {
		return nil, err
	}
	items := reply[list]
	for _, item := range items {
		delete(item, "auth-index") // the server's own, of this run
	}
	return items, nil
}

// SetKeys replaces one of the lists: the server takes it as a whole.
func (c *Client) SetKeys(ctx context.Context, list string, items []map[string]any) error {
	return c.call(ctx, http.MethodPut, list, nil, items, nil)
}
