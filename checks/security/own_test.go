package security_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// ownKey is the key of an installation.
func ownKey(t *testing.T, g *repotest.Git) string {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(g.Dir, ".router", "secrets", "gateway.key"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

func TestTheInstallationsOwnKeyIsFoundWhereverGitCarriesIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plant func(g *repotest.Git, key string)
		modes string
	}{
		"a file of a package": {func(g *repotest.Git, key string) { g.Write("node_modules/x/index.js", "k = '"+key+"'\n") },
			"tree staged range history"},
		"a lock file": {func(g *repotest.Git, key string) { g.Write("package-lock.json", `{"a": "`+key+`"}`) },
			"tree staged range history"},
		"an image": {func(g *repotest.Git, key string) { g.Write("x.svg", "<svg>"+key+"</svg>\n") },
			"tree staged range history"},
		"what .gitleaks.toml allows": {func(g *repotest.Git, key string) {
			g.Write(".gitleaks.toml", "[extend]\nuseDefault = true\n[allowlist]\npaths = ['''.*''']\nregexes = ['''sk-.*''']\n")
			g.Write("a.txt", key+"\n")
		}, "tree staged range history"},
		"UTF-16": {func(g *repotest.Git, key string) {
			g.Write("a.reg", encodeUTF16("x="+key+"\r\n", 16, binary.LittleEndian, true))
		}, "tree staged range history"},
		"the name of a file": {func(g *repotest.Git, key string) { g.Write("dir/"+key+".txt", "x\n") },
			"tree staged range history"},
		"a target of a link": {func(g *repotest.Git, key string) { link(g, "/nowhere/"+key, "l") },
			"tree staged range history"},
		"base64 in short lines": {func(g *repotest.Git, key string) {
			g.Write("b.txt", fold(base64.StdEncoding.EncodeToString([]byte("key: "+key+"\n")), 20))
		}, "tree staged range history"},
		"base64 in long lines": {func(g *repotest.Git, key string) {
			g.Write("b.txt", fold(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 40)+key+"\n")), 64))
		}, "tree staged range history"},
		"across a fragment": {func(g *repotest.Git, key string) {
			g.Write("one.txt", strings.Repeat("x ", 62_485)+key+strings.Repeat(" y", 9000))
		}, "tree staged range history"},
		"a remote": {func(g *repotest.Git, key string) { g.Git("remote", "add", "o", "https://u:"+key+"@example.com/r.git") },
			"tree"},
		"a header for a remote": {func(g *repotest.Git, key string) {
			g.Git("config", "http.extraHeader", "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte("x:"+key)))
		}, "tree"},
		"a branch":    {func(g *repotest.Git, key string) { g.Git("branch", "fix/"+key) }, "history"},
		"a light tag": {func(g *repotest.Git, key string) { g.Git("tag", key) }, "history"},
		"the message of a tag": {func(g *repotest.Git, key string) { g.Git("tag", "-a", "v1", "-m", "x\n\n"+key) },
			"history"},
		"the message of a commit": {func(g *repotest.Git, key string) {
			g.Git("commit", "-q", "--allow-empty", "-m", "x", "-m", "uses "+key)
		}, "range history"},
		"the name of an author": {func(g *repotest.Git, key string) {
			g.Git("commit", "-q", "--allow-empty", "-m", "x", "--author", key+" <a@b>")
		}, "range history"},
		"a note": {func(g *repotest.Git, key string) { g.Git("notes", "add", "-m", key) }, "history"},
		"the message of a tag of a tag": {func(g *repotest.Git, key string) {
			g.Git("tag", "-a", "v1", "-m", "x\n\n"+key)
			g.Git("tag", "-a", "v2", "-m", "y", "v1")
			g.Git("tag", "-a", "v3", "-m", "z", "v2")
			g.Git("tag", "-d", "v1", "v2")
		}, "history"},
		"a tag of a tag of a content": {func(g *repotest.Git, key string) {
			g.Write("t", key)
			g.Git("tag", "-a", "-m", "x", "v1", strings.TrimSpace(g.Git("hash-object", "-w", "t")))
			g.Git("tag", "-a", "-m", "y", "v2", "v1")
			g.Git("tag", "-d", "v1")
			_ = os.Remove(filepath.Join(g.Dir, "t"))
		}, "history"},
		"a tag of a content": {func(g *repotest.Git, key string) {
			g.Write("t", key+"\n")
			g.Git("tag", "content", strings.TrimSpace(g.Git("hash-object", "-w", "t")))
			_ = os.Remove(filepath.Join(g.Dir, "t"))
		}, "history"},
		"an annotated tag of one": {func(g *repotest.Git, key string) {
			g.Write("t", key+"\n")
			g.Git("tag", "-a", "-m", "x", "content", strings.TrimSpace(g.Git("hash-object", "-w", "t")))
			_ = os.Remove(filepath.Join(g.Dir, "t"))
		}, "history"},
		"a tag of a folder": {func(g *repotest.Git, key string) {
			g.Commit("d/t", key+"\n")
			g.Git("tag", "folder", "HEAD^{tree}")
			g.Git("reset", "-q", "--hard", "HEAD~1")
			g.Git("reflog", "expire", "--expire=now", "--all")
			g.Git("update-ref", "-d", "ORIG_HEAD")
			g.Git("prune", "--expire=now")
		}, "history"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := installation(t)
			g.Commit("start.txt", "start\n")
			key := ownKey(t, g)
			c.plant(g, key)
			for _, mode := range modes {
				if mode == "staged" {
					g.Git("add", "-A", "-f", "--", ".", ":!.router")
				}
				if mode == "range" && strings.Contains(c.modes, "staged") {
					g.Git("commit", "-q", "-m", "change")
				}
				if !strings.Contains(c.modes, mode) {
					continue
				}
				found := findSecrets(t, g, mode)
				if !strings.Contains(strings.Join(found, " "), "known-secret:") {
					t.Errorf("%s: %v", mode, found)
				}
				if strings.Contains(strings.Join(found, " "), key) {
					t.Errorf("%s prints the key", mode)
				}
			}
		})
	}
}

// fold returns a text in lines of that many characters.
func fold(text string, n int) string {
	return regexp.MustCompile(fmt.Sprintf(".{1,%d}", n)).ReplaceAllString(text, "$0\n")
}
