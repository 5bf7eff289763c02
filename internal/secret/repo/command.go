package repo

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// settings override the configuration of repository and user: the first group makes git
// print the same for every user, the second turns off the settings that name programs,
// files or servers that git would use.
var settings = [...]string{
	"core.quotePath=true", "core.commitGraph=false", "core.untrackedCache=false", "core.bigFileThreshold=" + bigFile,
	"color.ui=false", "color.diff=false", "color.status=false", "column.ui=never",
	"diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.renames=true", "diff.interHunkContext=0",
	"diff.relative=false",
	"diff.ignoreSubmodules=none", "diff.submodule=short", "diff.wsErrorHighlight=none", "diff.colorMoved=no",
	"diff.suppressBlankEmpty=false",
	"diff.autoRefreshIndex=false", "diff.orderFile=/dev/null",
	"log.showRoot=true", "log.showSignature=false", "log.follow=false", "log.mailmap=false", "log.decorate=false",
	"log.diffMerges=separate",
	"i18n.logOutputEncoding=UTF-8", "status.relativePaths=false", "status.branch=false", "status.submoduleSummary=false",

	"core.fsmonitor=false", "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "core.pager=cat",
	"core.editor=false", "core.askPass=",
	"core.sshCommand=false", "core.gitProxy=", "core.alternateRefsCommand=false", "credential.helper=", "diff.external=",
	"gpg.program=false", "gpg.openpgp.program=false", "gpg.x509.program=false", "gpg.ssh.program=false",
	"gpg.ssh.defaultKeyCommand=",
	"interactive.diffFilter=", "sequence.editor=false", "uploadpack.packObjectsHook=", "mailmap.file=", "mailmap.blob=",
	"protocol.allow=never", "submodule.recurse=false", "fetch.recurseSubmodules=false", "maintenance.auto=false",
	"gc.auto=0",
}

// bigFile is the size from which git does not compare a file line by line. Blobs reads
// such files instead.
const bigFile = "2m"

// gitEnvironment holds the variables of every git command: it prints plain English,
// asks and locks nothing, executes and fetches nothing, and reads the objects that
// really exist.
var gitEnvironment = [...]string{
	"LC_ALL=C", "TZ=UTC", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none",
	"GIT_NO_LAZY_FETCH=1",
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_ATTR_NOSYSTEM=1", "GIT_PAGER=cat", "GIT_EDITOR=false", "GIT_ASKPASS=",
	"SSH_ASKPASS=", "GIT_TRACE2=0", "GIT_TRACE2_EVENT=0", "GIT_TRACE2_PERF=0",
}

// keptVariables are git's own variables that are passed on: they say where the user's
// configuration is and where the search for a repository ends.
var keptVariables = [...]string{
	"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES",
	"GIT_DISCOVERY_ACROSS_FILESYSTEM",
}

// outputTimeout bounds how long output is read after git was killed.
const outputTimeout = 2 * time.Second

// Command returns a git command that runs in folder. No other function makes one: no
// setting of the repository and no environment variable makes this command execute a
// program, use the network, or read elsewhere.
func Command(ctx context.Context, folder string, args ...string) *exec.Cmd {
	words := []string{"--no-pager"}
	for _, s := range settings {
		words = append(words, "-c", s)
	}
	cmd := exec.CommandContext(ctx, "git", append(words, args...)...) //nolint:gosec // the callers' arguments and checked revisions
	cmd.Dir = folder
	cmd.Env = cleanEnvironment(os.Environ())
	cmd.WaitDelay = outputTimeout
	return cmd
}

// cleanEnvironment returns all without the variables that redirect git.
func cleanEnvironment(all []string) []string {
	var clean []string
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "GIT_") || isKeptVariable(name) {
			clean = append(clean, v)
		}
	}
	return append(clean, gitEnvironment[:]...)
}

// isKeptVariable reports whether a variable of git's is passed on.
func isKeptVariable(name string) bool {
	for _, k := range keptVariables {
		if k == name {
			return true
		}
	}
	return false
}

// hookVariables returns what git tells a hook about its change: another index (commit
// -a, commit FILE), and the objects that a push brings before they are accepted
// (pre-receive).
func hookVariables(getenv func(string) string) (all []string) {
	if index := getenv("GIT_INDEX_FILE"); index != "" {
		all = append(all, "GIT_INDEX_FILE="+index)
	}
	if q := getenv("GIT_QUARANTINE_PATH"); q != "" && q == getenv("GIT_OBJECT_DIRECTORY") {
		for _, name := range [...]string{"GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"} {
			all = append(all, name+"="+getenv(name))
		}
	}
	return all
}
