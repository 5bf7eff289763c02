package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// maxFile is the most that is read of a credential file; real ones are below 16 kB.
const maxFile = 1 << 20

// Accounts lists the credentials of the installation, by provider and name: the
// files that CLIProxyAPI loads from Folder, and the API keys among FlowGate's
// secrets. What is wrong with one is among its Problems; only a folder that
// cannot be read is an error. No folder means no accounts. Faults:
// auth-dir-unreadable, provider-invalid.
func Accounts(ctx context.Context, cfg *config.Config, env Environment) ([]Account, error) {
	providers, err := Providers(cfg)
	if err != nil {
		return nil, err
	}
	files, err := list(Folder(cfg, env))
	if err != nil {
		return nil, err
	}
	read := iter.Mapper[string, Account]{MaxGoroutines: 2 * runtime.GOMAXPROCS(0)}
	seen, now := readObservations(cfg), env.Now()
	accounts := read.Map(files, func(file *string) Account {
		if ctx.Err() != nil {
			return Account{}
		}
		return examine(*file, providers, seen, now)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	accounts = append(accounts, keys(cfg, providers, now)...)
	twice(accounts)
	slices.SortStableFunc(accounts, func(a, b Account) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Account, b.Account))
	})
	return accounts, nil
}

// list returns the files that CLIProxyAPI would load: *.json at the top level,
// hidden ones too.
func list(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New("auth-dir-unreadable", "read the credential folder: %w", err).
			WithHint("it must be a folder that you may read")
	}
	var files []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".json") && !e.IsDir() {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

// examine reads one credential file.
func examine(file string, providers []Provider, seen observations, now time.Time) Account {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	a := Account{Account: name, File: file, State: Unknown, ObservedAt: now.UTC(), Problems: []Problem{}}
	data, err := a.open(file)
	if err != nil {
		a.Evidence = "the file could not be read"
		return a
	}
	c, err := parse(data)
	if err != nil {
		a.problem(ProblemInvalid, err.Error())
		a.Evidence = err.Error()
		return a
	}
	a.fill(c, now)
	p, known := ofType(providers, c.Type)
	a.Provider = c.Type
	switch {
	case c.Type == "":
		a.problem(ProblemNoType, `there is no "type" in it, so CLIProxyAPI does not load it`)
	case !known:
		a.problem(ProblemType, fmt.Sprintf("no provider has files of type %q; auth.providers can name one (file_type)", c.Type))
	default:
		a.Provider, a.Method = p.Name, p.Methods[0]
	}
	a.judge(c, p.Settings.Lasting, now)
	seen.apply(&a, c)
	return a
}

// open reads a file's mode, owner and content, and notes what is wrong with them.
func (a *Account) open(file string) ([]byte, error) {
	f, err := safefile.Open(file)
	if err != nil {
		a.problem(ProblemUnreadable, reason(err))
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		a.problem(ProblemUnreadable, reason(err))
		return nil, err
	}
	a.permissions(file, info)
	if info.Size() > maxFile {
		err := fmt.Errorf("it has %d bytes; a credential has a few thousand", info.Size())
		a.problem(ProblemTooLarge, err.Error())
		return nil, err
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(f, data)
	if data = data[:n]; errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // empty, or cut short by a rewrite just now
	}
	if err != nil {
		a.problem(ProblemUnreadable, reason(err))
	}
	return data, err
}

func (a *Account) permissions(file string, info fs.FileInfo) {
	mode := info.Mode().Perm()
	a.Mode = fmt.Sprintf("%#04o", mode)
	if mode&0o077 != 0 {
		a.problem(ProblemMode, "others than the owner may read or change it; chmod 600 "+file)
	}
	if foreignOwner(info) {
		a.problem(ProblemOwner, "it belongs to another user")
	}
	if at, err := os.Lstat(file); err == nil && at.Mode()&fs.ModeSymlink != 0 {
		a.problem(ProblemSymlink, "it is a symbolic link")
	}
}

func foreignOwner(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) != os.Geteuid()
}

func (a *Account) fill(c credential, now time.Time) {
	a.Email, a.Plan, a.Refreshable, a.Disabled = c.Email, c.Plan, c.Refresh != "", c.Disabled
	a.grant, a.held, a.Team = c.Refresh, c, c.Team
	if !c.Expires.IsZero() {
		in := c.Expires.Sub(now).Round(time.Second).Seconds()
		a.ExpiresAt, a.ExpiresInS = &c.Expires, &in
	}
	if !c.Refreshed.IsZero() {
		a.LastRefresh = &c.Refreshed
	}
}

// reason is a file system error without the path, which stands beside it.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func ofType(providers []Provider, fileType string) (Provider, bool) {
	i := slices.IndexFunc(providers, func(p Provider) bool { return p.Type() == fileType })
	if i < 0 {
		return Provider{}, false
	}
	return providers[i], true
}

// twice notes accounts that several files hold: the server takes them for
// several credentials. Where the ids leave it open, the e-mail and the plan
// decide; this is only a remark.
func twice(accounts []Account) {
	groups := map[string][]int{}
	for i, a := range accounts {
		if a.Email == "" || a.Provider == "" {
			continue
		}
		key := a.Provider + "\x00" + strings.ToLower(a.Email)
		for _, j := range groups[key] {
			v := a.held.identity().compare(accounts[j].held.identity())
			if v == sameAccount || v == unclear && a.Plan == accounts[j].Plan {
				accounts[i].problem(ProblemTwice, "the same account as "+filepath.Base(accounts[j].File))
				break
			}
		}
		groups[key] = append(groups[key], i)
	}
}
