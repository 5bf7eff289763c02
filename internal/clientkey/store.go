package clientkey

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// lockWait is how long a command waits for another one that changes the keys.
const lockWait = 10 * time.Second

// Store is the named keys of an installation. Commands may use one folder at the same time.
type Store struct {
	Folder string           // of the installation's keys: config.Paths.Secrets
	Now    func() time.Time // nil: time.Now
}

// Issued is a key that was just made, which is not shown again.
type Issued struct {
	Key  string `json:"key"` // the secret
	Info Key    `json:"info"`
}

// Create makes a key with a name. The name of a revoked or expired key may be used again: the new
// key takes its place. Faults: key-invalid, key-exists, client-keys-invalid, not-yours, keys-busy,
// keys-read-only, write-failed.
func (s Store) Create(ctx context.Context, alias string, l Limits) (Issued, error) {
	var issued Issued
	err := s.change(ctx, func(keys []Key, now time.Time) ([]Key, error) {
		if err := checkNew(alias, l, now); err != nil {
			return nil, err
		}
		i := indexOf(keys, alias)
		if i >= 0 && !keys[i].Blocked && !keys[i].HasExpired(now) {
			return nil, fault.Usage("key-exists", "there is a key named %s already", alias).
				WithHint("mage key:rotate %s replaces it, mage key:revoke %s ends it", alias, alias)
		}
		if i >= 0 {
			keys = slices.Delete(keys, i, i+1)
		}
		issued.Key = keyfile.New()
		token := HashToken(issued.Key)
		issued.Info = Key{Token: token, TokenID: token, Alias: alias, KeyName: abbreviate(issued.Key), Limits: l,
			CreatedAt: now, UpdatedAt: now}
		return append(keys, issued.Info), nil
	})
	return issued, err
}

// takenAliases are the names by which reports know the gateway key, and metrics the series beyond
// their bound.
var takenAliases = [...]string{record.Gateway, "other"}

// checkNew returns the fault key-invalid for a key that may not be made.
func checkNew(alias string, l Limits, now time.Time) error {
	err := checkAlias(alias)
	if err == nil && slices.Contains(takenAliases[:], alias) {
		err = errors.New("reports and metrics mean something else by this name; choose another one")
	}
	if err == nil {
		err = l.check(flagNames)
	}
	if err != nil {
		return fault.Usage("key-invalid", "key %q: %w", alias, err)
	}
	if l.Expires != nil && !l.Expires.After(now) {
		return fault.Usage("key-invalid", "key %q: it would have expired already", alias)
	}
	return nil
}

// Rotate replaces a key by a new one with the same name and limits. The old one is refused from
// then on; what was spent stays. Faults: key-unknown and those of Create.
func (s Store) Rotate(ctx context.Context, alias string) (Issued, error) {
	var issued Issued
	err := s.changeOne(ctx, alias, func(k *Key) {
		issued.Key = keyfile.New()
		k.PreviousToken, k.Token, k.KeyName = k.Token, HashToken(issued.Key), abbreviate(issued.Key)
	}, &issued.Info)
	return issued, err
}

// Revoke ends a key. It stays in the file, so that who still has it can be told. Faults: as Rotate.
func (s Store) Revoke(ctx context.Context, alias string) (Key, error) {
	var revoked Key
	err := s.changeOne(ctx, alias, func(k *Key) { k.Blocked = true }, &revoked)
	return revoked, err
}

// errMounted is why keys of a mounted Secret cannot be changed.
var errMounted = errors.New("the folder is mounted from a Secret of Kubernetes")

// readOnlyFault returns the fault for a file of keys that only routers read.
func readOnlyFault(path string, err error) error {
	return fault.New("keys-read-only", "the named keys in %s cannot be changed here: %w", path, err).
		WithHint("if the disk was made read-only, mount it for writing again; if the file is a copy, run this command in "+
			"the installation that it comes from, and bring the new file to the routers; "+
			"for a Secret: kubectl create secret generic NAME --from-file=%s --dry-run=client -o yaml | kubectl apply -f -. "+
			"Routers follow within a second after Kubernetes, which takes up to a minute", FileName)
}

// changeOne changes the key of a name that is not revoked, and sets changed to it.
func (s Store) changeOne(ctx context.Context, alias string, change func(*Key), changed *Key) error {
	return s.change(ctx, func(keys []Key, now time.Time) ([]Key, error) {
		i := indexOf(keys, alias)
		if i < 0 || keys[i].Blocked {
			return nil, fault.Usage("key-unknown", "there is no key named %s", alias).
				WithHint("mage key:list shows the keys")
		}
		change(&keys[i])
		keys[i].UpdatedAt = now
		*changed = keys[i]
		return keys, nil
	})
}

// change replaces the keys by what edit makes of them, while no other command does.
func (s Store) change(ctx context.Context, edit func(keys []Key, now time.Time) ([]Key, error)) error {
	path := filepath.Join(s.Folder, FileName)
	if ownfile.IsMounted(s.Folder) {
		return readOnlyFault(path, errMounted)
	}
	f, err := privatefile.Begin(path) // makes the folder of the lock, too
	if errors.Is(err, syscall.EROFS) {
		return readOnlyFault(path, syscall.EROFS)
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }()
	lock, err := flock.Take(ctx, filepath.Join(s.Folder, lockName), lockWait)
	if err != nil {
		return fault.New("keys-busy", "another command changes the keys: %w", err).WithHint("try again")
	}
	defer func() { _ = lock.Close() }()
	keys, err := Read(s.Folder)
	if err != nil {
		return err
	}
	if keys, err = edit(keys, s.now()); err != nil {
		return err
	}
	data, err := encode(keys)
	if err != nil {
		return err
	}
	return privatefile.Finish(f, path, data)
}

// now returns the time in UTC, in whole milliseconds.
func (s Store) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return s.Now().UTC().Truncate(time.Millisecond)
}

// indexOf returns the index of the key with a name; -1 when there is none.
func indexOf(keys []Key, alias string) int {
	return slices.IndexFunc(keys, func(k Key) bool { return k.Alias == alias })
}
