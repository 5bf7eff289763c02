package security_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
)

// modes are the ways to look at a change that is first staged and then committed.
var modes = []string{"tree", "staged", "range", "history"}

// findSecrets returns what a run in that mode finds, as rule:file:line.
func findSecrets(t *testing.T, g *repotest.Git, mode string) []string {
	t.Helper()
	o := options(g.Dir)
	o.Only = "secrets." + mode
	switch mode {
	case "staged":
		o.Staged = true
	case "range":
		o.Range = "HEAD~1..HEAD"
	case "history":
		o.History = true
	}
	checked, examined := run(t, o)
	var found []string
	for _, f := range examined.Findings {
		found = append(found, fmt.Sprintf("%s:%s:%d", f.Rule, f.File, f.Line))
	}
	if want := map[bool]string{true: "fail", false: "pass"}[len(found) > 0]; string(status(checked, o.Only)) != want {
		t.Errorf("%s is %s with %v: %+v", o.Only, status(checked, o.Only), found, examined.Scanned)
	}
	return found
}

// checkEveryMode expects a finding in each mode, the change being in the working
// tree: it is staged, and committed after that.
func checkEveryMode(t *testing.T, g *repotest.Git, want string) {
	t.Helper()
	for _, mode := range modes {
		switch mode {
		case "staged":
			g.Git("add", "-A")
		case "range":
			g.Git("commit", "-q", "-m", "change")
		}
		if found := findSecrets(t, g, mode); !slices.Contains(found, want) {
			t.Errorf("%s: %s is not among %v", mode, want, found)
		}
	}
}

// pem is a private key with lines of that length.
func pem(seed uint64, lines, length int) string {
	r := rand.New(rand.NewPCG(seed, seed))
	var b strings.Builder
	b.WriteString("-----BEGIN RSA PRIVATE KEY-----\n")
	for range lines {
		for range length {
			b.WriteByte(alnum[r.IntN(len(alnum))])
		}
		b.WriteByte('\n')
	}
	return b.String() + "-----END RSA PRIVATE KEY-----\n"
}

// encodeUTF16 returns a text in UTF-16 or UTF-32.
func encodeUTF16(text string, bits int, order binary.AppendByteOrder, mark bool) string {
	var b []byte
	if mark {
		text = "\ufeff" + text
	}
	if bits == 32 {
		for _, r := range text {
			b = order.AppendUint32(b, uint32(r))
		}
		return string(b)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

const planted = "token = ghp_0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwQr\n"

func TestNothingBypassesTheGate(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("a line of an ordinary text\n", 80_000)
	type step = func(g *repotest.Git)
	for name, c := range map[string]struct {
		before, change step
		want           string
	}{
		"a private key is replaced in place": {
			func(g *repotest.Git) { g.Commit("key.txt", "text\n"+pem(1, 25, 64)) },
			func(g *repotest.Git) { g.Write("key.txt", "text\n"+pem(2, 25, 64)) }, "private-key:key.txt:2",
		},
		"one line of a long private key changes": {
			func(g *repotest.Git) { g.Commit("key.txt", pem(1, 60, 64)) },
			func(g *repotest.Git) {
				lines := strings.Split(pem(1, 60, 64), "\n")
				lines[30] = strings.Split(pem(2, 60, 64), "\n")[30]
				g.Write("key.txt", strings.Join(lines, "\n"))
			}, "private-key:key.txt:1",
		},
		"a private key in a renamed file is replaced": {
			func(g *repotest.Git) {
				g.Commit("old.txt", pem(1, 60, 64))
				g.Git("mv", "old.txt", "new.txt")
				g.Git("commit", "-q", "-m", "rename")
			},
			func(g *repotest.Git) {
				g.Write("new.txt", strings.Replace(pem(1, 60, 64), strings.Split(pem(1, 60, 64), "\n")[40],
					strings.Split(pem(3, 60, 64), "\n")[40], 1))
			}, "private-key:new.txt:1",
		},
		"a value on a line of its own changes": {
			func(g *repotest.Git) { g.Commit("a.py", "api_key =\\\n  \"changeme\"\nx\n") },
			func(g *repotest.Git) { g.Write("a.py", "api_key =\n  \"Zq81mmVx0swp4TtR9sLk2Jd7\"\nx\n") },
			"generic-api-key:a.py:1",
		},
		"a rule of the repository over many lines": {
			func(g *repotest.Git) {
				g.Write(".gitleaks.toml", "[[rules]]\nid = \"block\"\nregex = "+
					"'''BLOCK(?s:.{10,900}?)x-[0-9]{8}(?s:.{10,900}?)ENDBLOCK'''\nkeywords = [\"block\"]\n")
				g.Commit("b.txt", "BLOCK\n"+strings.Repeat("fill\n", 60)+"none\n"+strings.Repeat("fill\n", 60)+"ENDBLOCK\n")
			},
			func(g *repotest.Git) {
				g.Write("b.txt", "BLOCK\n"+strings.Repeat("fill\n", 60)+"x-12345678\n"+strings.Repeat("fill\n", 60)+"ENDBLOCK\n")
			}, "block:b.txt:1",
		},
		"a rule that needs another one nearby": {
			func(g *repotest.Git) {
				g.Write(".gitleaks.toml", "[[rules]]\nid = \"pair\"\nregex = '''pw-[0-9]{8}'''\nkeywords = "+
					"[\"pw-\"]\n[[rules.required]]\nid = \"user\"\nwithinLines = 4\n[[rules]]\nid = \"user\"\nregex = "+
					"'''user-[a-z]+'''\nkeywords = [\"user-\"]\nskipReport = true\n")
				g.Commit("p.txt", "user-ada\n\nnone\n")
			},
			func(g *repotest.Git) { g.Write("p.txt", "user-ada\n\npw-12345678\n") }, "pair:p.txt:3",
		},
		"UTF-16 with a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt",
				encodeUTF16("line\r\nü "+planted, 16, binary.LittleEndian, true))
		}, "github-pat:w.txt:2"},
		"UTF-16 BE with a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt",
				encodeUTF16("line\n"+planted, 16, binary.BigEndian, true))
		}, "github-pat:w.txt:2"},
		"UTF-16 without a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt",
				encodeUTF16("line\n"+planted, 16, binary.LittleEndian, false))
		}, "github-pat:w.txt:2"},
		"UTF-16 BE without a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt",
				encodeUTF16("line\n"+planted, 16, binary.BigEndian, false))
		}, "github-pat:w.txt:2"},
		"UTF-32 with a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt",
				encodeUTF16("line\n"+planted, 32, binary.LittleEndian, true))
		}, "github-pat:w.txt:2"},
		"UTF-32 BE without a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt",
				encodeUTF16("line\n"+planted, 32, binary.BigEndian, false))
		}, "github-pat:w.txt:2"},
		"UTF-16 behind other text": {nil, func(g *repotest.Git) {
			g.Write("w.txt", strings.Repeat("ascii\n", 2000)+encodeUTF16(planted, 16, binary.LittleEndian, true))
		}, "github-pat:w.txt:2001"},
		"UTF-16 among little else": {nil, func(g *repotest.Git) {
			g.Write("w.txt", strings.Repeat("ascii\n", 20)+encodeUTF16(planted, 16, binary.LittleEndian, false))
		}, "github-pat:w.txt:21"},
		"ASCII behind UTF-16 with a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt", encodeUTF16(strings.Repeat("line\n", 3), 16, binary.LittleEndian, true)+planted)
		}, "github-pat:w.txt:4"},
		"ASCII far behind UTF-16 with a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt", encodeUTF16(strings.Repeat("line\n", 60_000), 16, binary.BigEndian,
				true)+planted+encodeUTF16(strings.Repeat("line\n", 50_000), 16, binary.BigEndian, true))
		}, "github-pat:w.txt:60001"},
		"UTF-16 that is shifted by a byte": {nil, func(g *repotest.Git) {
			g.Write("w.txt", encodeUTF16("line\n", 16, binary.LittleEndian, true)+"odd!\n"+encodeUTF16(planted, 16, binary.LittleEndian,
				false))
		}, "github-pat:w.txt:3"},
		"ASCII before UTF-16 without a mark": {nil, func(g *repotest.Git) {
			g.Write("w.txt", planted+encodeUTF16(strings.Repeat("a line of it\n", 200), 16, binary.LittleEndian, false))
		}, "github-pat:w.txt:1"},
		"a line is added to UTF-16": {
			func(g *repotest.Git) { g.Commit("w.txt", encodeUTF16("line\n", 16, binary.LittleEndian, true)) },
			func(g *repotest.Git) { g.Write("w.txt", encodeUTF16("line\n"+planted, 16, binary.LittleEndian, true)) },
			"github-pat:w.txt:2",
		},
		"a zero byte": {nil, func(g *repotest.Git) { g.Write("z.txt", "\x00\n"+planted) }, "github-pat:z.txt:2"},
		"-diff": {nil, func(g *repotest.Git) {
			g.Write(".gitattributes", "* -diff\n")
			g.Write("a.sql",
				"x\n"+planted)
		}, "github-pat:a.sql:2"},
		"binary": {func(g *repotest.Git) { g.Commit("a.sql", "x\n"); g.Write(".git/info/attributes", "* binary\n") },
			func(g *repotest.Git) { g.Write("a.sql", "x\n"+planted) }, "github-pat:a.sql:2"},
		"a driver": {func(g *repotest.Git) {
			g.Commit(".gitattributes", "*.sql diff=sql\n")
			g.Git("config", "diff.sql.binary", "true")
			g.Git("config", "diff.sql.textconv", "true")
			g.Git("config", "diff.sql.command", "true")
		}, func(g *repotest.Git) { g.Write("a.sql", "x\n"+planted) }, "github-pat:a.sql:2"},
		"core.bigFileThreshold": {func(g *repotest.Git) { g.Git("config", "core.bigFileThreshold", "1") },
			func(g *repotest.Git) { g.Write("a.sql", "x\n"+planted) }, "github-pat:a.sql:2"},
		"a large file": {nil, func(g *repotest.Git) { g.Write("large.txt", large+planted) },
			"github-pat:large.txt:80001"},
		"a large file grows": {func(g *repotest.Git) { g.Commit("large.txt", large) },
			func(g *repotest.Git) { g.Write("large.txt", large+planted) }, "github-pat:large.txt:80001"},
		"a link becomes a file": {func(g *repotest.Git) {
			link(g, "to", "link")
			g.Git("add", "link")
			g.Git("commit", "-q", "-m", "link")
		}, func(g *repotest.Git) {
			_ = os.Remove(filepath.Join(g.Dir, "link"))
			g.Write("link", "x\n"+planted)
		}, "github-pat:link:2"},
		"an archive by its name is renamed": {
			func(g *repotest.Git) { g.Commit("a.zip", "x\n"+planted) },
			func(g *repotest.Git) { g.Git("mv", "a.zip", "a.txt") }, "github-pat:a.txt:2",
		},
		"what an allowlist excuses is renamed": {
			func(g *repotest.Git) { g.Commit("a.svg", "x\n"+planted) },
			func(g *repotest.Git) { g.Git("mv", "a.svg", "a.txt") }, "github-pat:a.txt:2",
		},
		"what an allowlist excuses is renamed and changed": {
			func(g *repotest.Git) { g.Commit("node_modules/a/b", strings.Repeat("text\n", 40)+planted) },
			func(g *repotest.Git) {
				g.Git("mv", "node_modules/a/b", "ä b")
				g.Write("ä b", strings.Repeat("text\n", 40)+planted+"more\n")
			}, "github-pat:ä b:41",
		},
		"a kind of file that a rule is not for is renamed": {
			func(g *repotest.Git) {
				g.Write(".gitleaks.toml", "[[rules]]\nid = \"conf\"\nregex = \"pw-[0-9]{8}\"\nkeywords = [\"pw-\"]\npath = "+
					"\"[.]conf$\"\n")
				g.Commit("a.txt", "pw-12345678\n")
			},
			func(g *repotest.Git) { g.Git("mv", "a.txt", "a.conf") }, "conf:a.conf:1",
		},
		"what a link points to": {nil, func(g *repotest.Git) { link(g, strings.Fields(planted)[2], "link") },
			"github-pat:link:1"},
		"across a fragment": {nil, func(g *repotest.Git) {
			g.Write("one.txt", strings.Repeat("x ", 62_490)+planted+strings.Repeat("y ", 50_000))
		}, "github-pat:one.txt:1"},
		"across a later fragment": {nil, func(g *repotest.Git) {
			g.Write("one.txt", strings.Repeat("x ", 62_500)+"\n"+strings.Repeat("x ", 62_485)+planted+strings.Repeat("y ",
				50_000))
		}, "github-pat:one.txt:2"},
		"a key across a fragment": {nil, func(g *repotest.Git) {
			g.Write("one.txt",
				strings.Repeat("some text\n", 12_480)+pem(5, 25, 64))
		}, "private-key:one.txt:12481"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := installation(t)
			g.Commit("start.txt", "start\n")
			if c.before != nil {
				c.before(g)
			}
			c.change(g)
			checkEveryMode(t, g, c.want)
		})
	}
}

func link(g *repotest.Git, target, name string) {
	if err := os.Symlink(target, filepath.Join(g.Dir, name)); err != nil {
		panic(err)
	}
}

// A secret that was there before is no news of a later change.
func TestAChangeIsNotBlamedForWhatWasThere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"lines":  {"a\n" + planted + pem(1, 25, 64), "b\n" + planted + pem(1, 25, 64)},
		"UTF-16": {encodeUTF16("a\n"+planted, 16, binary.LittleEndian, true), encodeUTF16("b\n"+planted, 16, binary.LittleEndian, true)},
	} {
		g := installation(t)
		g.Commit("a.txt", c[0])
		g.Write("a.txt", c[1])
		g.Git("add", "a.txt")
		if found := findSecrets(t, g, "staged"); len(found) > 0 {
			t.Errorf("%s, staged: %v", name, found)
		}
		g.Git("commit", "-q", "-m", "change")
		if found := findSecrets(t, g, "range"); len(found) > 0 {
			t.Errorf("%s, range: %v", name, found)
		}
	}
}

// A rename alone is no news either, nor is one of a submodule.
func TestARenameIsNotBlamedForWhatWasSearchedBefore(t *testing.T) {
	t.Parallel()
	g := installation(t)
	g.Commit("a.md", planted)
	sub := strings.TrimSpace(g.Git("rev-parse", "HEAD"))
	g.Git("update-index", "--add", "--cacheinfo", "160000,"+sub+",node_modules/m")
	g.Git("commit", "-q", "-m", "submodule")
	g.Git("mv", "a.md", "a.txt")
	g.Git("update-index", "--force-remove", "node_modules/m")
	g.Git("update-index", "--add", "--cacheinfo", "160000,"+sub+",m")
	if found := findSecrets(t, g, "staged"); len(found) > 0 {
		t.Errorf("staged: %v", found)
	}
	g.Git("commit", "-q", "-m", "rename")
	if found := findSecrets(t, g, "range"); len(found) > 0 {
		t.Errorf("range: %v", found)
	}
}

// Between the ends of a range, a shallow clone may lack commits.
func TestARangeThatAShallowCloneCutsIsNotWhole(t *testing.T) {
	t.Parallel()
	g := installation(t)
	g.Commit("a.txt", "1\n")
	base := strings.TrimSpace(g.Git("rev-parse", "HEAD"))
	g.Commit("b.txt", planted)
	g.Git("rm", "-q", "b.txt")
	g.Git("commit", "-q", "-m", "gone")
	g.Commit("c.txt", "2\n")
	g.Commit("d.txt", "3\n")
	clone := filepath.Join(t.TempDir(), "clone")
	g.Git("clone", "-q", "--depth=2", "file://"+g.Dir, clone)
	g.Git("-C", clone, "fetch", "-q", "--depth=1", "origin", base)
	for revisions, want := range map[string]string{base + "..HEAD": "fail", "HEAD~1..HEAD": "pass", "HEAD": "fail"} {
		o := options(clone)
		o.Range, o.Only = revisions, "secrets.range"
		checked, examined := run(t, o)
		if string(status(checked, "secrets.range")) != want || (len(examined.Scanned.Unread) > 0) != (want == "fail") {
			t.Errorf("%s: %s %+v", revisions, status(checked, "secrets.range"), examined.Scanned)
		}
	}
}

func TestAReplacedCommitIsSearchedAsItIsPushed(t *testing.T) {
	t.Parallel()
	g := installation(t)
	g.Commit("a.txt", planted)
	bad := strings.TrimSpace(g.Git("rev-parse", "HEAD"))
	g.Git("reset", "-q", "--hard", "HEAD~1")
	g.Commit("a.txt", "good\n")
	good := strings.TrimSpace(g.Git("rev-parse", "HEAD"))
	g.Git("reset", "-q", "--hard", bad)
	g.Git("replace", bad, good)
	for _, mode := range []string{"range", "history"} {
		if found := findSecrets(t, g, mode); !slices.Contains(found, "github-pat:a.txt:1") {
			t.Errorf("%s: %v", mode, found)
		}
	}
}

func TestAShallowCloneIsIncompleteInALinkedWorkTreeToo(t *testing.T) {
	t.Parallel()
	g := installation(t)
	g.Commit("a.txt", "1\n")
	clone := &repotest.Git{Dir: filepath.Join(t.TempDir(), "clone")}
	g.Git("clone", "-q", "--depth=1", "file://"+g.Dir, clone.Dir)
	linked := filepath.Join(t.TempDir(), "linked")
	g.Git("-C", clone.Dir, "worktree", "add", "-q", "--detach", linked)
	for _, dir := range []string{clone.Dir, linked} {
		o := options(dir)
		o.History, o.Only = true, "secrets.history"
		checked, examined := run(t, o)
		if status(checked, "secrets.history") != "fail" || len(examined.Scanned.Unread) != 1 {
			t.Errorf("%s: %s %+v", dir, status(checked, "secrets.history"), examined.Scanned)
		}
	}
}
