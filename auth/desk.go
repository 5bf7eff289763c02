package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/regular"
)

// desk puts drafts in their place: the one way by which a credential gets into
// the folder.
type desk struct {
	cfg         *config.Config
	env         Environment
	dest        string
	dry, force  bool
	share, take bool
	unproven    bool // leave the proof to the caller
}

// move is one draft with where it goes, decided before anything is written.
type move struct {
	draft   *draft
	dest    string
	old     []byte // what was there; nil when nothing was
	content []byte
	same    bool   // nothing is to be written
	taking  bool   // the source loses its refresh token
	sharing string // the grant that is shared on purpose; "" when none is
}

// settle decides on all drafts, then writes them; when one is refused nothing
// is written. Faults: refresh-missing, credential-older, grant-shared,
// take-impossible, source-is-destination, destination-unsafe,
// destination-taken, provider-unsupported, write-failed, locked, and those of prove.
func (d desk) settle(ctx context.Context, drafts []draft) (Change, error) {
	if !d.dry {
		unlock, err := lock(ctx, Folder(d.cfg, d.env))
		if err != nil {
			return Change{}, err
		}
		defer unlock()
	}
	if err := d.supported(ctx, drafts); err != nil {
		return Change{}, err
	}
	moves, err := d.decide(ctx, drafts)
	if err != nil {
		return Change{}, err
	}
	var changes []Change
	for _, m := range moves {
		c, err := d.carryOut(m)
		if err != nil {
			return Change{}, err
		}
		changes = append(changes, c)
	}
	if err := d.proveAll(ctx, changes); err != nil {
		return Change{}, err
	}
	first := changes[0]
	first.Others = changes[1:]
	return first, nil
}

// supported refuses what the running server would ignore. Without one the
// draft gets a warning.
func (d desk) supported(ctx context.Context, drafts []draft) error {
	if !slices.ContainsFunc(drafts, func(one draft) bool { return one.key == "" && one.provider.Settings.PlusOnly }) {
		return nil
	}
	s, err := openServer(d.cfg, d.env)
	if err == nil {
		_, err = s.list(ctx)
	}
	if err != nil && !errors.Is(err, errNoServer) && !isCode(err, "management-unreachable") && !isCode(err, "management-key-missing") {
		return err
	}
	for i := range drafts {
		one := &drafts[i]
		switch {
		case one.key != "" || !one.provider.Settings.PlusOnly:
		case err == nil && s.Seven && !d.force:
			return fault.New("provider-unsupported", "CLIProxyAPI at %s (version %s) does not load credentials of %s; nothing was written", s.Base, s.Version, one.provider.Name).
				WithHint("CLIProxyAPIPlus does; -force writes it all the same")
		default:
			one.warn("plus-only", "only the Plus family of CLIProxyAPI loads credentials of %s", one.provider.Name)
		}
	}
	return nil
}

func (d desk) decide(ctx context.Context, drafts []draft) ([]move, error) {
	accounts, err := Accounts(ctx, d.cfg, d.env)
	if err != nil {
		return nil, err
	}
	var moves []move
	for i := range drafts {
		m, err := d.plan(&drafts[i], accounts, len(drafts) > 1)
		if err != nil {
			return nil, err
		}
		moves = append(moves, m)
	}
	return moves, d.grants(ctx, moves, accounts)
}

// plan decides on one draft.
func (d desk) plan(draft *draft, accounts []Account, several bool) (move, error) {
	if draft.key != "" {
		return d.planKey(draft)
	}
	c, err := draft.credential()
	if err != nil {
		return move{}, err
	}
	if c.Refresh == "" && !draft.provider.Settings.Lasting && !d.force {
		return move{}, fault.New("refresh-missing", "the credential from %s has no refresh token: it would end and could not be renewed", from(draft)).
			WithHint("sign in again there, or here with mage auth:login %s; -force takes it all the same", draft.provider.Name)
	}
	if !c.Expires.IsZero() && c.Expires.Before(d.env.Now()) {
		draft.warn("token-expired", "its access token expired at %s; the server renews it when it loads it", stamp(c.Expires))
	}
	m := move{draft: draft}
	if m.dest, err = d.destination(draft, c, accounts); err != nil {
		return m, err
	}
	if m.old, err = d.occupant(m.dest, draft); err != nil {
		return m, err
	}
	if m.content, err = draft.content(m.old); err != nil {
		return m, err
	}
	return m, d.compare(&m, c, several)
}

func from(d *draft) string {
	if d.source == "" {
		return d.provider.Name
	}
	return d.source
}

// planKey decides on an API key. One kept already is never replaced unasked.
func (d desk) planKey(draft *draft) (move, error) {
	owner := draft.provider
	if other := owner.Settings.APIKeyProvider; other != "" {
		p, err := Find(d.cfg, other)
		if err != nil {
			return move{}, err
		}
		draft.warn("api-key", "%s holds an API key and no sign-in; it becomes the API key of %s", from(draft), other)
		owner = p
	}
	draft.provider = owner
	m := move{draft: draft, dest: keyPath(d.cfg, owner.Name), content: []byte(draft.key + "\n")}
	var err error
	if m.old, err = d.occupant(m.dest, draft); err != nil {
		return m, err
	}
	m.same = m.old != nil && bytes.Equal(bytes.TrimSpace(m.old), []byte(draft.key))
	if m.old != nil && !m.same && !d.force {
		return m, fault.New("destination-taken", "%s holds another API key of %s", m.dest, owner.Name).WithHint("-force replaces it; the old one goes into the trash")
	}
	return m, nil
}

// destination is the file that a draft goes to: the one that holds the same
// account already, or a new one.
func (d desk) destination(draft *draft, c credential, accounts []Account) (string, error) {
	name, err := draft.fileName()
	if err != nil {
		return "", err
	}
	if d.dest == "" {
		for _, a := range accounts {
			if a.Provider == draft.provider.Name && sameAccount(a, c) {
				return a.File, nil
			}
		}
		return filepath.Join(Folder(d.cfg, d.env), name), nil
	}
	dest, err := filepath.Abs(d.dest)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", d.dest, err)
	}
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		dest = filepath.Join(dest, name)
	}
	return dest, nil
}

// sameAccount compares by the provider's own id where both have one.
func sameAccount(a Account, c credential) bool {
	switch {
	case a.id != "" && c.AccountID != "":
		return a.id == c.AccountID && (a.Email == "" || c.Email == "" || strings.EqualFold(a.Email, c.Email))
	case a.Email != "":
		return strings.EqualFold(a.Email, c.Email) && (a.Plan == "" || c.Plan == "" || a.Plan == c.Plan)
	}
	return false
}

// occupant is what is at dest now; nil when nothing is.
func (d desk) occupant(dest string, draft *draft) ([]byte, error) {
	info, err := os.Lstat(dest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unwritable(dest, err)
	case !info.Mode().IsRegular():
		return nil, fault.New("destination-unsafe", "%s is no regular file (a symbolic link, a pipe, a folder); nothing was written", dest).
			WithHint("move it away, or name another with -dest")
	}
	if source, err := os.Stat(draft.source); err == nil && os.SameFile(source, info) {
		return nil, fault.Usage("source-is-destination", "%s is the source and the destination", dest).WithHint("-dest=FILE names another place")
	}
	if info.Size() > maxFile {
		return nil, fault.New("destination-unsafe", "%s is no credential file: it has %d bytes", dest, info.Size()).WithHint("move it away")
	}
	old, err := regular.Read(dest)
	if err != nil {
		return nil, unwritable(dest, err)
	}
	return old, nil
}

// compare settles what an older or another credential at the destination means.
func (d desk) compare(m *move, c credential, several bool) error {
	if m.old == nil {
		return nil
	}
	m.same = equal(m.old, m.content)
	old, err := parse(m.old)
	if err != nil || m.same || d.force {
		return nil // a damaged file is mended by being replaced
	}
	if old.Type != c.Type || old.Email != "" && c.Email != "" && !strings.EqualFold(old.Email, c.Email) {
		return fault.New("destination-taken", "%s holds another account (%s %s)", m.dest, old.Type, old.Email).
			WithHint("-dest=FILE or -label=NAME puts it elsewhere, -force replaces it")
	}
	if !newer(old, c) {
		return nil
	}
	if several {
		m.same = true
		m.draft.warn("credential-older", "%s was left as it is: it is newer than %s", m.dest, m.draft.source)
		return nil
	}
	return fault.New("credential-older", "%s is newer than what %s has; nothing was changed", m.dest, from(m.draft)).
		WithHint("that is how it should be: the server renews its own copy. -force replaces it all the same")
}

// newer reports whether a was issued after b, by expiry and then by last refresh.
func newer(a, b credential) bool {
	if !a.Expires.IsZero() && !b.Expires.IsZero() && !a.Expires.Equal(b.Expires) {
		return a.Expires.After(b.Expires)
	}
	return !a.Refreshed.IsZero() && !b.Refreshed.IsZero() && a.Refreshed.After(b.Refreshed)
}

func equal(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
