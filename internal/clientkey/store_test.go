package clientkey_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// newStore returns the store of an empty folder, with a clock that stands still.
func newStore(t *testing.T) clientkey.Store {
	t.Helper()
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	return clientkey.Store{Folder: t.TempDir(), Now: func() time.Time { return now }}
}

// create creates a key.
func create(t *testing.T, s clientkey.Store, alias string, l clientkey.Limits) clientkey.Issued {
	t.Helper()
	issued, err := s.Create(t.Context(), alias, l)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestTheFileHasTheHashOfAKeyAndNothingElseOfIt(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	issued := create(t, s, "claude-laptop", clientkey.Limits{Models: []string{"m"}, RPM: lo.ToPtr[int64](3)})
	path := filepath.Join(s.Folder, clientkey.FileName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(path)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for i := 3; i+5 < len(issued.Key); i++ {
		if strings.Contains(strings.ReplaceAll(string(data), issued.Info.Token, ""), issued.Key[i:i+5]) {
			t.Fatalf("%q of the key is in the file", issued.Key[i:i+5])
		}
	}
	for _, member := range []string{`"token": "` + clientkey.HashToken(issued.Key) + `"`, `"key_alias": "claude-laptop"`,
		`"rpm_limit": 3`, `"models": [`, `"key_name": "sk-...` + issued.Key[len(issued.Key)-4:] + `"`} {
		if !strings.Contains(string(data), member) {
			t.Errorf("%s is not in %s", member, data)
		}
	}
}

func TestANameIsGivenOnceUntilItsKeyIsRevoked(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	first := create(t, s, "a", clientkey.Limits{})
	if _, err := s.Create(t.Context(), "a", clientkey.Limits{}); !fault.HasCode(err, "key-exists") {
		t.Errorf("a second key: %v", err)
	}
	revoked, err := s.Revoke(t.Context(), "a")
	if err != nil || !revoked.Blocked || revoked.Token != first.Info.Token {
		t.Errorf("%+v, %v", revoked, err)
	}
	for name, change := range map[string]func(context.Context, string) error{
		"revoke": func(ctx context.Context, n string) error { _, err := s.Revoke(ctx, n); return err },
		"rotate": func(ctx context.Context, n string) error { _, err := s.Rotate(ctx, n); return err },
	} {
		for _, alias := range []string{"a", "never"} {
			if err := change(t.Context(), alias); !fault.HasCode(err, "key-unknown") {
				t.Errorf("%s %s: %v", name, alias, err)
			}
		}
	}
	second := create(t, s, "a", clientkey.Limits{})
	keys, err := clientkey.Read(s.Folder)
	if err != nil || len(keys) != 1 || keys[0].Token != second.Info.Token || keys[0].TokenID == first.Info.TokenID {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestARotatedKeyKeepsItsNameItsLimitsAndItsID(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	old := create(t, s, "a", clientkey.Limits{TPM: lo.ToPtr[int64](7)})
	created := s.Now()
	s.Now = func() time.Time { return created.Add(time.Hour) }
	fresh, err := s.Rotate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	keys, _ := clientkey.Read(s.Folder)
	k := keys[0]
	if !k.CreatedAt.Equal(created) || !k.UpdatedAt.Equal(s.Now()) || k.KeyName != "sk-..."+fresh.Key[len(fresh.Key)-4:] {
		t.Errorf("%+v", k)
	}
	if fresh.Key == old.Key || k.Token != clientkey.HashToken(fresh.Key) || k.PreviousToken != old.Info.Token ||
		k.TokenID != old.Info.TokenID || *k.TPM != 7 || k.Alias != "a" {
		t.Errorf("%+v", k)
	}
}

func TestWhatIsNotValidIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for alias, l := range map[string]clientkey.Limits{
		"gateway": {}, "other": {},
		"":                      {},
		"-dash":                 {},
		"new\nline":             {},
		"quote\"":               {},
		strings.Repeat("x", 65): {},
		"rpm":                   {RPM: lo.ToPtr[int64](0)},
		"tpm":                   {TPM: lo.ToPtr[int64](-1)},
		"parallel":              {MaxParallel: lo.ToPtr[int64](0)},
		"budget":                {MaxBudget: lo.ToPtr(0.0)},
		"endless-budget":        {MaxBudget: lo.ToPtr(math.Inf(1))},
		"period":                {BudgetDuration: "1d"},
		"period2":               {MaxBudget: lo.ToPtr(1.0), BudgetDuration: "soon"},
		"past":                  {Expires: lo.ToPtr(s.Now())},
		"model":                 {Models: []string{" "}},
		"route":                 {AllowedRoutes: []string{"metrics"}},
	} {
		if _, err := s.Create(t.Context(), alias, l); !fault.HasCode(err, "key-invalid") {
			t.Errorf("%q: %v", alias, err)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(s.Folder, "*.json")); len(names) != 0 {
		t.Errorf("written: %v", names)
	}
}

func TestCommandsThatRunAtOnceLoseNoKey(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := s.Create(t.Context(), "client-"+string(rune('a'+i)), clientkey.Limits{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if keys, err := clientkey.Read(s.Folder); err != nil || len(keys) != 20 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestAFileThatIsNotWhollyUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	token := create(t, s, "a", clientkey.Limits{}).Info.Token
	path := filepath.Join(s.Folder, clientkey.FileName)
	good, _ := os.ReadFile(path)
	other := func(alias, token, id string) string {
		return fmt.Sprintf(`{"token":%q,"token_id":%q,"key_alias":%q,"key_name":"sk-...abcd","models":[]}`, token, id, alias)
	}
	replace := func(old, with string) string { return strings.Replace(string(good), old, with, 1) }
	for name, text := range map[string]string{
		"torn":          string(good[:len(good)/2]),
		"empty":         "",
		"newer":         replace(`"version": 1`, `"version": 2, "limits": 3`),
		"unknown limit": replace(`"key_alias"`, `"tpd_limit": 5, "key_alias"`),
		"token":         replace(`"token": "`, `"token": "A`),
		"upper case":    replace(token, strings.ToUpper(token)),
		"previous":      replace(`"key_alias"`, `"previous_token": "ab", "key_alias"`),
		"same id":       replace(`"keys": [`, `"keys": [`+other("b", strings.Repeat("0", 64), token)+","),
		"same name":     replace(`"keys": [`, `"keys": [`+other("a", strings.Repeat("0", 64), strings.Repeat("0", 64))+","),
		"twice":         replace(`"keys": [`, `"keys": [`+string(good[strings.Index(string(good), "[")+1:strings.LastIndex(string(good), "]")])+","),
		"tail":          string(good) + "{}",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := clientkey.Read(s.Folder); !fault.HasCode(err, "client-keys-invalid") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Create(t.Context(), "b", clientkey.Limits{}); err == nil {
			t.Errorf("%s: a key was added", name)
		}
		if after, _ := os.ReadFile(path); string(after) != text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := clientkey.Read(s.Folder); !fault.HasCode(err, "not-yours") {
		t.Errorf("a file that others can write: %v", err)
	}
}

func TestTheListSaysWhatEachKeyIsGoodFor(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	expires := s.Now().Add(time.Hour)
	create(t, s, "revoked", clientkey.Limits{})
	create(t, s, "expired", clientkey.Limits{Expires: &expires})
	spent := create(t, s, "spent", clientkey.Limits{MaxBudget: lo.ToPtr(2.0)})
	renewed := create(t, s, "renewed", clientkey.Limits{MaxBudget: lo.ToPtr(2.0), BudgetDuration: "1d"})
	create(t, s, "active", clientkey.Limits{})
	if _, err := s.Revoke(t.Context(), "revoked"); err != nil {
		t.Fatal(err)
	}
	if err := clientkey.WriteSpend(s.Folder, map[string]clientkey.Spend{spent.Info.TokenID: {Spend: 2},
		renewed.Info.TokenID: {Spend: 9, ResetAt: s.Now().Add(time.Minute)}}); err != nil {
		t.Fatal(err)
	}
	later := clientkey.Store{Folder: s.Folder, Now: func() time.Time { return expires }}
	listing, err := later.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := lo.SliceToMap(listing.Keys, func(k clientkey.Listed) (string, clientkey.State) { return k.Alias, k.State })
	for alias, want := range map[string]clientkey.State{"revoked": clientkey.Revoked, "expired": clientkey.Expired,
		"spent": clientkey.Exhausted, "renewed": clientkey.Active, "active": clientkey.Active} {
		if got[alias] != want {
			t.Errorf("%s: %s, want %s", alias, got[alias], want)
		}
	}
	if listing.Keys[0].Alias != "active" {
		t.Errorf("not sorted: %v", listing.Keys[0].Alias)
	}
}

func TestACancelledCommandDoesNotWaitForTheLock(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lockTaken := filepath.Join(s.Folder, "client-keys.lock")
	release := lock(t, lockTaken)
	defer release()
	if _, err := s.Create(ctx, "a", clientkey.Limits{}); !fault.HasCode(err, "keys-busy") || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(s.Folder, ".*")); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestTheNameOfAnExpiredKeyIsFreeFromItsEndOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	end := s.Now().Add(time.Hour)
	create(t, s, "a", clientkey.Limits{Expires: &end})
	s.Now = func() time.Time { return end.Add(-time.Second) }
	if _, err := s.Create(t.Context(), "a", clientkey.Limits{}); !fault.HasCode(err, "key-exists") {
		t.Errorf("before its end: %v", err)
	}
	s.Now = func() time.Time { return end }
	if fresh := create(t, s, "a", clientkey.Limits{}); fresh.Info.HasExpired(end) {
		t.Errorf("%+v", fresh.Info)
	}
}

func TestASpendBelowZeroIsNone(t *testing.T) {
	t.Parallel()
	spends, err := clientkey.DecodeSpend([]byte(`{"version":1,"spends":{"a":{"spend":-5},"b":{"spend":5}}}`))
	if err != nil || spends["a"].Spend != 0 || spends["b"].Spend != 5 {
		t.Errorf("%+v, %v", spends, err)
	}
}
