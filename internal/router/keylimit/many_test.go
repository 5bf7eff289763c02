package keylimit_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// manyKeys is how many keys a router of an organization may have.
const manyKeys = 500

// writeKeys writes so many keys with a limit of requests each, and returns what their clients send.
func writeKeys(t *testing.T, folder string, n int, rpm int64, now time.Time) (sent []string) {
	t.Helper()
	var keys []clientkey.Key
	for i := range n {
		key := fmt.Sprintf("sk-client-%04d-0123456789abcdef", i)
		token := clientkey.HashToken(key)
		keys = append(keys, clientkey.Key{Token: token, TokenID: token, Alias: fmt.Sprint("client-", i), KeyName: "sk-...cdef",
			Limits: clientkey.Limits{RPM: lo.ToPtr(rpm)}, CreatedAt: now, UpdatedAt: now})
		sent = append(sent, key)
	}
	text, err := json.Marshal(map[string]any{"version": 1, "keys": keys})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, clientkey.FileName), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// TestTheLimitsOfManyKeysAreExactUnderLoad has eight clients send with all of 500 keys at once, twice as often as each may,
// while the file of keys is read again and again: each key gets exactly what it may, and counts what it used.
func TestTheLimitsOfManyKeysAreExactUnderLoad(t *testing.T) {
	t.Parallel()
	const allowed, clients = 20, 8
	clock, folder := routertest.NewClock(), t.TempDir()
	sent := writeKeys(t, folder, manyKeys, allowed, clock.Now())
	l := keylimit.Open(folder, keylimit.Options{Now: clock.Now, Interval: time.Millisecond})
	defer l.Close()
	var accepted [manyKeys]atomic.Int64
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for round := range 2 * allowed / clients {
				if client == 0 {
					writeKeys(t, folder, manyKeys, allowed, clock.Now().Add(time.Duration(round)*time.Second))
				}
				for i := range manyKeys {
					i = (i + client*manyKeys/clients) % manyKeys
					h := l.Find(sha256.Sum256([]byte(sent[i])))
					if h == nil || h.Name() != fmt.Sprint("client-", i) {
						t.Errorf("key %d is that of %+v", i, h)
						return
					}
					if h.Begin(clock.Now(), http.Header{}) == nil {
						accepted[i].Add(1)
						l.Count(used(h.Name(), 3, 0.5))
						h.End()
					}
				}
			}
		})
	}
	all.Wait()
	for i := range accepted {
		if n := accepted[i].Load(); n != allowed {
			t.Errorf("key %d: %d requests, want %d", i, n, allowed)
		}
	}
	usages := l.List()
	if len(usages) != manyKeys {
		t.Errorf("%d keys", len(usages))
	}
	for _, u := range usages {
		if u.Requests != allowed || u.Tokens != 3*allowed || u.Spend.Requests != allowed || u.Spend.Spend != allowed/2 {
			t.Fatalf("%s: %+v", u.Alias, u)
		}
	}
}
