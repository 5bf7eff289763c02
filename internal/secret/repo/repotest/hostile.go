package repotest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// executed are the settings of git whose value git executes, asks a program
// for, or finds programs in. NewHostile replaces <driver> by a name.
var executed = [...]string{
	"core.fsmonitor", "core.pager", "core.editor", "core.askPass", "core.sshCommand", "core.gitProxy",
	"core.alternateRefsCommand",
	"pager.log", "pager.diff", "pager.show", "pager.status", "pager.config", "pager.tag", "pager.branch",
	"credential.helper", "credential.https://example.com.helper",
	"diff.external", "diff.<driver>.command", "diff.<driver>.textconv", "diff.tool", "difftool.<driver>.cmd",
	"difftool.<driver>.path", "diff.guitool",
	"filter.<driver>.clean", "filter.<driver>.smudge", "filter.<driver>.process",
	"merge.<driver>.driver", "merge.tool", "mergetool.<driver>.cmd", "mergetool.<driver>.path", "man.<driver>.cmd",
	"man.<driver>.path",
	"browser.<driver>.cmd", "browser.<driver>.path", "help.browser", "web.browser", "instaweb.httpd", "instaweb.browser",
	"gpg.program", "gpg.openpgp.program", "gpg.x509.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand",
	"interactive.diffFilter", "sequence.editor", "sendemail.sendmailCmd", "sendemail.tocmd", "sendemail.cccmd",
	"sendemail.headerCmd",
	"uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.proxy",
	"imap.tunnel",
	"trailer.<driver>.command", "trailer.<driver>.cmd", "tar.<driver>.command", "alias.log", "alias.diff", "alias.status",
	"alias.ls-files",
	"guitool.<driver>.cmd", "submodule.sub.update", "ssh.variant", "gc.recentObjectsHook", "receive.procReceiveRefs",
}

// Hostile is a repository in which everything that git could execute is a
// tripwire: its settings, hooks, attributes, a submodule's settings, and the
// remote from which missing objects would be fetched.
type Hostile struct {
	*Git
	marks string
}

// NewHostile makes a hostile repository with two commits, a staged change, an unstaged
// one, a tag and a submodule. Fired returns the tripwires that were executed since.
func NewHostile(t testing.TB) *Hostile {
	t.Helper()
	h := &Hostile{New(t), t.TempDir()}
	inner := New(t)
	inner.Commit("deep.txt", "one\n")
	h.Commit("a.txt", "one\n")
	h.Commit("key.pem", "-----BEGIN CERTIFICATE-----\n")
	h.Git.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.Dir, "sub")
	h.Commit("a.txt", "one\ntwo\n")
	h.Git.Git("tag", "v0.0.1")
	h.sign()
	h.Write("sub/deep.txt", "one\ntwo\n")
	sub := &Git{filepath.Join(h.Dir, "sub"), t}
	sub.Git("commit", "-q", "-a", "-m", "two")
	h.Write("a.txt", "one\ntwo\nthree\n")
	h.Git.Git("add", "a.txt", "sub")
	h.Write("a.txt", "one\ntwo\nfour!\n")
	h.Write("new.txt", "new\n")
	h.loseObject(h.Git.Git("rev-parse", "HEAD:key.pem"))
	h.plant(h.Git, "")
	h.plant(sub, "sub-")
	return h
}

// sign gives the last commit a signature, which git would verify by a program.
func (h *Hostile) sign() {
	h.t.Helper()
	head, message, _ := strings.Cut(h.Git.Git("cat-file", "commit", "HEAD"), "\n\n")
	h.Write("commit", head+"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iHUE\n -----END PGP SIGNATURE-----\n\n"+message)
	h.Git.Git("reset", "-q", "--soft", strings.TrimSpace(h.Git.Git("hash-object", "-t", "commit", "-w", "commit")))
	if err := os.Remove(filepath.Join(h.Dir, "commit")); err != nil {
		h.t.Fatal(err)
	}
}

// loseObject makes the repository a partial clone that lacks an object.
func (h *Hostile) loseObject(id string) {
	id = strings.TrimSpace(id)
	if err := os.Remove(filepath.Join(h.Dir, ".git", "objects", id[:2], id[2:])); err != nil {
		h.t.Fatal(err)
	}
	h.Git.Git("config", "extensions.partialClone", "origin")
	h.Git.Git("config", "remote.origin.promisor", "true")
	h.Git.Git("config", "remote.origin.url", "ext::"+h.tripwire("remote-ext"))
}

// plant puts the tripwires into one repository.
func (h *Hostile) plant(g *Git, prefix string) {
	h.t.Helper()
	dir := strings.TrimSpace(g.Git("rev-parse", "--absolute-git-dir"))
	hooks := filepath.Join(dir, "tripwires")
	if err := os.MkdirAll(hooks, 0o700); err != nil {
		h.t.Fatal(err)
	}
	for _, name := range [...]string{"pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman",
		"post-checkout", "sendemail-validate"} {
		if err := os.Symlink(h.tripwire(prefix+"hook-"+name), filepath.Join(hooks, name)); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, attributes := range [...]string{filepath.Join(dir, "info", "attributes"),
		filepath.Join(g.Dir, ".gitattributes")} {
		err := os.MkdirAll(filepath.Dir(attributes), 0o700)
		if err == nil {
			err = os.WriteFile(attributes, []byte("* diff=evil filter=evil merge=evil\n"), 0o600)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, "config"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(h.formSettings(prefix, hooks))
		_ = f.Close()
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// formSettings returns the text of a git configuration in which every setting that git
// executes is a tripwire.
func (h *Hostile) formSettings(prefix, hooks string) string {
	var settings strings.Builder
	for _, key := range executed {
		key = strings.ReplaceAll(key, "<driver>", "evil")
		section, rest, _ := strings.Cut(key, ".")
		name := rest[strings.LastIndexByte(rest, '.')+1:]
		if sub := strings.TrimSuffix(strings.TrimSuffix(rest, name), "."); sub != "" {
			section += ` "` + sub + `"`
		}
		settings.WriteString("[" + section + "]\n\t" + name + " = " + h.tripwire(prefix+strings.ReplaceAll(key, "/", "_")) +
			"\n")
	}
	settings.WriteString("[core]\n\thooksPath = " + hooks +
		"\n[log]\n\tshowSignature = true\n[diff]\n\tsubmodule = diff\n[protocol]\n\tallow = always\n")
	return settings.String()
}

// tripwire makes a program that leaves a mark of that name, and returns its path.
func (h *Hostile) tripwire(name string) string {
	h.t.Helper()
	program := filepath.Join(h.marks, name+".sh")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n: >> '"+filepath.Join(h.marks, name)+".fired'\nexit 1\n"), 0o700); err != nil { //nolint:gosec // it has to be executable
		h.t.Fatal(err)
	}
	return program
}

// Variables returns the environment variables that make git execute a tripwire.
func (h *Hostile) Variables() (all []string) {
	for _, name := range [...]string{"GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_PROXY_COMMAND", "GIT_ASKPASS",
		"GIT_PAGER", "GIT_EDITOR"} {
		all = append(all, name+"="+h.tripwire("variable-"+name))
	}
	return append(all, "GIT_PAGER_IN_USE=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.fsmonitor",
		"GIT_CONFIG_VALUE_0="+h.tripwire("variable-GIT_CONFIG_COUNT"),
		"GIT_CONFIG_PARAMETERS='diff.external'='"+h.tripwire("variable-GIT_CONFIG_PARAMETERS")+"'",
		"GIT_ALLOW_PROTOCOL=ext:file")
}

// Fired returns the names of the tripwires that were executed since the last call.
func (h *Hostile) Fired() (names []string) {
	h.t.Helper()
	marks, err := filepath.Glob(filepath.Join(h.marks, "*.fired"))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range marks {
		names = append(names, strings.TrimSuffix(filepath.Base(m), ".fired"))
		if err := os.Remove(m); err != nil {
			h.t.Fatal(err)
		}
	}
	slices.Sort(names)
	return names
}
