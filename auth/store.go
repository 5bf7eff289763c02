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
	"time"

	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Accounts returns the credentials of the installation, sorted by provider and
// name: the files that CLIProxyAPI loads from Folder, and the API keys among
// FlowGate's secrets. A defect of one file is among that account's Problems; only
// a folder that cannot be read is an error. Without a folder there are only API
// keys. Faults: auth-dir-unreadable, provider-invalid.
func Accounts(ctx context.Context, cfg *config.Config, env Environment) ([]Account, error) {
	providers, err := provider.All(cfg)
	if err != nil {
		return nil, err
	}
	files, err := CredentialFiles(Folder(cfg, env))
	if err != nil {
		return nil, err
	}
	read := iter.Mapper[string, Account]{MaxGoroutines: 2 * runtime.GOMAXPROCS(0)}
	seen, now := readObservations(cfg), env.Now()
	accounts := read.Map(files, func(file *string) Account {
		if ctx.Err() != nil {
			return Account{}
		}
		return readAccount(*file, providers, seen, now)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	accounts = append(accounts, APIKeys(cfg, providers, now)...)
	markDuplicates(accounts)
	slices.SortStableFunc(accounts, func(a, b Account) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Account, b.Account))
	})
	return accounts, nil
}

// CredentialFiles returns the files in folder that CLIProxyAPI would load: *.json
// at the top level, hidden ones too. Fault: auth-dir-unreadable.
func CredentialFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New("auth-dir-unreadable", "read the credential folder: %w", err).
			WithHint("it must be a folder that you can read")
	}
	var files []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".json") && !e.IsDir() {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

// ReadAccount reads one credential file as Accounts does.
func ReadAccount(cfg *config.Config, file string, providers []provider.Provider, now time.Time) Account {
	return readAccount(file, providers, readObservations(cfg), now)
}

// readAccount reads one credential file and judges its state.
func readAccount(file string, providers []provider.Provider, seen observations, now time.Time) Account {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	a := Account{Account: name, File: file, State: Unknown, ObservedAt: now.UTC(), Problems: []Problem{}}
	data, err := a.readFile(file)
	if err != nil {
		a.Evidence = "the file could not be read"
		return a
	}
	c, err := credential.Parse(data)
	if err != nil {
		a.addProblem(ProblemInvalid, err.Error())
		a.Evidence = err.Error()
		return a
	}
	a.setContent(c, now)
	p, known := provider.OfType(providers, c.Type)
	a.Provider = c.Type
	switch {
	case c.Type == "":
		a.addProblem(ProblemNoType, `it has no "type", so CLIProxyAPI does not load it`)
	case !known:
		a.addProblem(ProblemType, fmt.Sprintf("no provider has files of type %q; auth.providers can name one (file_type)",
			c.Type))
	default:
		a.Provider, a.Method = p.Name, p.Methods[0]
	}
	a.judgeState(c, p.Settings.Lasting, now)
	seen.apply(&a, c)
	return a
}

// readFile reads a file's mode, owner and content, and adds their problems.
func (a *Account) readFile(file string) ([]byte, error) {
	f, err := safefile.Open(file)
	if err != nil {
		a.addProblem(ProblemUnreadable, safefile.Reason(err))
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		a.addProblem(ProblemUnreadable, safefile.Reason(err))
		return nil, err
	}
	a.checkPermissions(file, info)
	if info.Size() > credential.MaxSize {
		err := fmt.Errorf("it has %d bytes; a credential has a few thousand", info.Size())
		a.addProblem(ProblemTooLarge, err.Error())
		return nil, err
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(f, data)
	if data = data[:n]; errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // empty, or truncated by a rewrite meanwhile
	}
	if err != nil {
		a.addProblem(ProblemUnreadable, safefile.Reason(err))
	}
	return data, err
}

// checkPermissions sets Mode and adds the problems of mode, owner and link.
func (a *Account) checkPermissions(file string, info fs.FileInfo) {
	mode := info.Mode().Perm()
	a.Mode = fmt.Sprintf("%#04o", mode)
	if mode&0o077 != 0 {
		a.addProblem(ProblemMode, "other users may read or change it; chmod 600 "+file)
	}
	if credential.HasForeignOwner(info) {
		a.addProblem(ProblemOwner, "it belongs to another user")
	}
	if entry, err := os.Lstat(file); err == nil && entry.Mode()&fs.ModeSymlink != 0 {
		a.addProblem(ProblemSymlink, "it is a symbolic link")
	}
}

// setContent sets the fields that come from the file's content.
func (a *Account) setContent(c credential.Content, now time.Time) {
	a.Email, a.Plan, a.Refreshable, a.Disabled = c.Email, c.Plan, c.RefreshToken != "", c.Disabled
	a.content, a.Organization = c, c.Organization
	if !c.ExpiresAt.IsZero() {
		seconds := c.ExpiresAt.Sub(now).Round(time.Second).Seconds()
		a.ExpiresAt, a.ExpiresInS = &c.ExpiresAt, &seconds
	}
	if !c.RefreshedAt.IsZero() {
		a.LastRefresh = &c.RefreshedAt
	}
}

// markDuplicates adds a problem to each account that an earlier file holds, too: the
// server treats them as several credentials. Where the ids do not decide, the
// e-mail and the plan do, since this is only a warning.
func markDuplicates(accounts []Account) {
	groups := map[string][]int{}
	for i, a := range accounts {
		if a.Email == "" || a.Provider == "" {
			continue
		}
		key := a.Provider + "\x00" + strings.ToLower(a.Email)
		for _, j := range groups[key] {
			v := a.content.Identity().Compare(accounts[j].content.Identity())
			if v == credential.SameAccount || v == credential.Unclear && a.Plan == accounts[j].Plan {
				accounts[i].addProblem(ProblemTwice, "the same account as "+filepath.Base(accounts[j].File))
				break
			}
		}
		groups[key] = append(groups[key], i)
	}
}
