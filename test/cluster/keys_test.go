package cluster_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/clientkey"
)

func TestAKeyOfAMountedSecretReachesEveryRouter(t *testing.T) {
	t.Parallel()
	c := startCluster(t, func(c *cluster) { c.createKey("first", clientkey.Limits{}) })
	key := c.createKey("laptop", clientkey.Limits{})
	if got := ask(c.url, key, ""); got.status != 401 {
		t.Errorf("a key that is not in the Secret: %d", got.status)
	}
	c.mountKeys()
	c.waitKey(key, 200)
	if got := ask(c.url, key, ""); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if _, err := c.keys.Revoke(t.Context(), "laptop"); err != nil {
		t.Fatal(err)
	}
	c.mountKeys()
	c.waitKey(key, 401)
}

// waitKey waits until all routers answer a key with a status.
func (c *cluster) waitKey(key string, status int) {
	c.t.Helper()
	for _, r := range c.routers {
		eventually(c.t, "the router follows the file of keys", func() bool {
			got, _ := getAs(c.t, r.url+"/v1/models", key)
			return got == status
		})
	}
}
