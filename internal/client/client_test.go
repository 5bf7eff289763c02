package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// home is a person's home folder with nothing in it.
type home struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newHome(t *testing.T) *home {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &home{t, dir, map[string]string{"HOME": dir, "XDG_STATE_HOME": filepath.Join(dir, ".state")}}
}

func (h *home) options() client.Options {
	return client.Options{Getenv: func(name string) string { return h.env[name] }, Now: time.Unix(1700000000, 0)}
}

var router = client.Target{
	Root: "http://127.0.0.1:4000", Model: "router-default", FastModel: "router-cheap",
	KeyFile: "/x/gateway.key", Key: "sk-canary-0123456789", Catalog: "/x/codex-models.json",
}

func find(t *testing.T, name string) client.Client {
	t.Helper()
	c, err := client.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (h *home) write(path, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) read(path string) string {
	h.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// withFiles returns the clients that have a file.
func withFiles(t *testing.T) []client.Client {
	t.Helper()
	all, err := client.All()
	if err != nil {
		t.Fatal(err)
	}
	var found []client.Client
	for _, c := range all {
		if len(c.Files) > 0 {
			found = append(found, c)
		}
	}
	return found
}

func TestEveryClientIsDescribedWhole(t *testing.T) {
	t.Parallel()
	all, err := client.All()
	if err != nil || len(all) < 18 {
		t.Fatalf("%d clients, %v", len(all), err)
	}
	for _, c := range all {
		if c.Title == "" || c.Dialect == "" || len(c.Files) == 0 && c.Steps == "" {
			t.Errorf("%+v lacks something", c)
		}
		kinds := []string{client.KeyCommand, client.KeyReference, client.KeyVariable, client.KeyFile, client.KeyFileOnly}
		if len(c.Files) > 0 && (len(c.Files[0].Points) == 0 || !slices.Contains(kinds, c.Key)) {
			t.Errorf("%s has a file and no address, or no key", c.Name)
		}
		hasKey := false
		for _, f := range c.Files {
			if len(f.Set) == 0 || f.Format == "" || f.Name == "" {
				t.Errorf("%s has a file without values, format or name", c.Name)
			}
			for _, v := range f.Set {
				hasKey = hasKey || strings.Contains(fmt.Sprint(v.Value), "{key}")
			}
		}
		if wants := c.Key == client.KeyFile || c.Key == client.KeyFileOnly; wants != hasKey {
			t.Errorf("%s: the key in its files: %v, and key: %s", c.Name, hasKey, c.Key)
		}
	}
}

// modeFor returns a mode for a client's files that lets Setup write all of its values.
func modeFor(c client.Client) os.FileMode {
	if c.Key == client.KeyFile || c.Key == client.KeyFileOnly {
		return 0o600
	}
	return 0o640
}

// fillFiles writes a random file in the place of each of a client's files, and returns them.
func (h *home) fillFiles(c client.Client, seed uint64) (before []string) {
	for i, f := range c.Files {
		before = append(before, randomFile(f.Format, seed+uint64(i)))
		h.write(f.Path(h.options().Getenv), before[i])
		if err := os.Chmod(f.Path(h.options().Getenv), modeFor(c)); err != nil {
			h.t.Fatal(err)
		}
	}
	return before
}

func TestSetupThenRestoreIsTheIdentity(t *testing.T) {
	t.Parallel()
	for _, c := range withFiles(t) {
		for seed := range uint64(8) {
			h := newHome(t)
			var before []string
			if seed > 0 {
				before = h.fillFiles(c, seed)
			}
			for range 1 + seed%3 { // setup twice is one setup
				if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
					t.Fatalf("%s, seed %d: %v\n%s", c.Name, seed, err, before)
				}
			}
			if s := c.Status(router, h.options().Getenv); s.Points != client.PointsRouter || !s.SetUp {
				t.Fatalf("%s, seed %d: set up, and %+v", c.Name, seed, s)
			}
			got, err := client.Restore(t.Context(), c, router, h.options())
			if err != nil || len(got.Left) > 0 || !got.Changed {
				t.Fatalf("%s, seed %d: %+v, %v", c.Name, seed, got, err)
			}
			for i, f := range c.Files {
				path := f.Path(h.options().Getenv)
				if seed == 0 {
					if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
						t.Fatalf("%s: a file that Setup created stays: %s", c.Name, path)
					}
					continue
				}
				if info, err := os.Stat(path); err != nil || h.read(path) != before[i] || info.Mode().Perm() != modeFor(c) {
					t.Fatalf("%s, seed %d: %v %v\n%q, was\n%q", c.Name, seed, info.Mode(), err, h.read(path), before[i])
				}
			}
		}
	}
}

func TestWhatSomebodyWritesInBetweenStays(t *testing.T) {
	t.Parallel()
	for _, c := range withFiles(t) {
		for seed := range uint64(8) {
			h := newHome(t)
			before := h.fillFiles(c, seed)
			if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
				t.Fatal(err)
			}
			h.editFiles(c)
			if seed%4 >= 2 { // and pointed at the router again
				if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
					t.Fatal(err)
				}
			}
			if seed%2 == 1 { // the record is lost
				if err := os.RemoveAll(h.env["XDG_STATE_HOME"]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
				t.Fatal(err)
			}
			for i, f := range c.Files {
				after := []byte(h.read(f.Path(h.options().Getenv)))
				if value, _, err := edit.Lookup(f.Format, after, editedSince); err != nil || value != "yes" {
					t.Fatalf("%s, seed %d: the edit is lost: %v\n%s", c.Name, seed, err, after)
				}
				if bytes.Contains(after, []byte("127.0.0.1:4000")) || bytes.Contains(after, []byte(router.Key)) {
					t.Fatalf("%s, seed %d: it still points at the router\n%s", c.Name, seed, after)
				}
				clean, err := edit.Remove(f.Format, after, editedSince, 0)
				if err != nil || dropSpaces(clean) != dropSpaces([]byte(before[i])) && seed%2 == 0 {
					t.Fatalf("%s, seed %d: %v\n%s\nwas\n%s", c.Name, seed, err, clean, before[i])
				}
			}
		}
	}
}

// TestASetupForOtherModelsLeavesNothingOfTheFirst has somebody edit the files after both.
func TestASetupForOtherModelsLeavesNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	first := router
	first.Model, first.FastModel = "first-group", "first-small"
	for _, c := range withFiles(t) {
		for seed := range uint64(4) {
			h := newHome(t)
			before := h.fillFiles(c, seed)
			for _, target := range []client.Target{first, router} {
				if _, err := client.Setup(t.Context(), c, target, h.options()); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range c.Files {
				if text := h.read(f.Path(h.options().Getenv)); strings.Contains(text, "first-") {
					t.Errorf("%s, seed %d: the first setup is still in\n%s", c.Name, seed, text)
				}
			}
			h.editFiles(c)
			if got, err := client.Restore(t.Context(), c, router, h.options()); err != nil || len(got.Left) > 0 {
				t.Fatalf("%s, seed %d: %v, %q", c.Name, seed, err, got.Left)
			}
			for i, f := range c.Files {
				clean, err := edit.Remove(f.Format, []byte(h.read(f.Path(h.options().Getenv))), editedSince, 0)
				if err != nil || dropSpaces(clean) != dropSpaces([]byte(before[i])) {
					t.Fatalf("%s, seed %d: %v\n%s\nwas\n%s", c.Name, seed, err, clean, before[i])
				}
			}
		}
	}
}

// editedSince is the path of a value that somebody writes after Setup.
var editedSince = edit.Path{"edited_since"}

// editFiles is somebody who writes a value into each of a client's files.
func (h *home) editFiles(c client.Client) {
	h.t.Helper()
	for _, f := range c.Files {
		path := f.Path(h.options().Getenv)
		edited, _, err := edit.Set(f.Format, []byte(h.read(path)), editedSince, "yes")
		if err != nil {
			h.t.Fatal(err)
		}
		h.write(path, string(edited))
	}
}

// dropSpaces returns text without its white space: restoring around an edit may leave other
// blank lines than there were. Tables that Set wrote into are not counted where empty.
func dropSpaces(text []byte) string { return strings.Join(strings.Fields(string(text)), "") }

// randomFile returns a configuration file with comments, unknown keys and deeper tables.
func randomFile(f edit.Format, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 7))
	var lines []string
	for i := range r.IntN(6) {
		name := fmt.Sprintf("key%d", i)
		switch f {
		case edit.JSON, edit.JSONC:
			lines = append(lines, []string{
				fmt.Sprintf("  %q: %d", name, r.IntN(100)), fmt.Sprintf("  %q:   [1,\n 2 ]", name),
				fmt.Sprintf("  %q: {\"env\": {\"A\": \"b\"}}", name), fmt.Sprintf("  %q: \"é <&> \\u0041\"", name),
			}[r.IntN(4)])
		case edit.TOML:
			lines = append(lines, []string{
				fmt.Sprintf("%s = %d # comment", name, r.IntN(100)), fmt.Sprintf("%s = [ 'a',\n  # inside\n 'b' ]", name),
				fmt.Sprintf("# comment\n%s.sub = \"x\"", name), fmt.Sprintf("%s = '''\nmany\nlines'''", name),
			}[r.IntN(4)])
		case edit.DotEnv:
			lines = append(lines, []string{
				fmt.Sprintf("%s=%d # comment", name, r.IntN(100)), fmt.Sprintf("export %s='a b'", name),
				fmt.Sprintf("# comment\n\n%s = x", name),
			}[r.IntN(3)])
		case edit.YAML:
			lines = append(lines, []string{
				fmt.Sprintf("%s: %d # comment", name, r.IntN(100)), fmt.Sprintf("%s:\n- a\n-   b", name),
				fmt.Sprintf("%s:\n    deep: 'x: y'", name), fmt.Sprintf("%s: |\n  many\n  lines", name),
			}[r.IntN(4)])
		}
	}
	newline := []string{"\n", "\r\n"}[r.IntN(2)]
	text := ""
	switch f {
	case edit.JSON, edit.JSONC:
		if len(lines) == 0 {
			return "{}"
		}
		text = "{\n" + strings.Join(lines, ",\n") + "\n}" + []string{"", "\n"}[r.IntN(2)]
		if f == edit.JSONC && r.IntN(2) == 0 {
			text = "// mine\n" + strings.Replace(text, "\n}", ",\n  // the end\n}", 1)
		}
	default:
		text = strings.Join(append(lines, "last: 1"), "\n") + "\n"
		if f == edit.DotEnv {
			text = strings.Join(append(lines, "LAST=1"), "\n") + []string{"", "\n"}[r.IntN(2)]
		}
		if f == edit.TOML {
			text = strings.Join(lines, "\n") + "\n\n[mcp.server]\ncommand = \"x\"\n"
		}
	}
	return strings.ReplaceAll(text, "\n", newline)
}

func TestAFileOfSomebodyElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := find(t, "codex")
	elsewhere := newHome(t)
	for name, prepare := range map[string]func(h *home, path string){
		"client-file-foreign: a link out of the home folder": func(h *home, path string) {
			target := filepath.Join(elsewhere.dir, "config.toml")
			elsewhere.write(target, "a = 1\n")
			h.write(filepath.Join(filepath.Dir(path), "x"), "")
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
		},
		"client-file-unreadable: a link to nothing": func(h *home, path string) {
			h.write(filepath.Join(filepath.Dir(path), "x"), "")
			if err := os.Symlink("nothing", path); err != nil {
				t.Fatal(err)
			}
		},
		"client-file-unreadable: a folder": func(_ *home, path string) {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
		"client-file-foreign: read-only": func(h *home, path string) {
			h.write(path, "a = 1\n")
			if err := os.Chmod(path, 0o400); err != nil {
				t.Fatal(err)
			}
		},
		"client-file-invalid: it does not parse": func(h *home, path string) { h.write(path, "a = \n") },
		"client-file-invalid: UTF-16":            func(h *home, path string) { h.write(path, "\xff\xfea\x00") },
		"client-file-unreadable: 10 MB":          func(h *home, path string) { h.write(path, strings.Repeat("#\n", 5<<20)) },
	} {
		h := newHome(t)
		path := c.Files[0].Path(h.options().Getenv)
		prepare(h, path)
		before, _ := os.ReadFile(path)
		_, err := client.Setup(t.Context(), c, router, h.options())
		code, _, _ := strings.Cut(name, ":")
		if f := fault.From(err); f == nil || f.Code != code || f.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed", name)
		}
		if left, _ := filepath.Glob(filepath.Join(h.env["XDG_STATE_HOME"], "flowgate/clients/*.json")); len(left) > 0 {
			t.Errorf("%s: there is a record of a change that was not made", name)
		}
	}
}

func TestAFileBehindALinkIsWrittenThroughIt(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "claude")
	path := c.Files[0].Path(h.options().Getenv)
	target := filepath.Join(h.dir, "dotfiles/claude.json")
	h.write(target, "{\"a\": 1}\n")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 ||
		!strings.Contains(h.read(target), "ANTHROPIC_BASE_URL") {
		t.Fatalf("the link is gone or its target is as it was: %v, %v", info, err)
	}
	if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil || h.read(target) != "{\"a\": 1}\n" {
		t.Fatalf("%v: %s", err, h.read(target))
	}
}

func TestADryRunChangesNothingAndShowsTheLines(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "codex")
	path := c.Files[0].Path(h.options().Getenv)
	h.write(path, "model = 'old' # mine\n[mcp]\n")
	o := h.options()
	o.DryRun = true
	got, err := client.Setup(t.Context(), c, router, o)
	if err != nil || !got.Changed || h.read(path) != "model = 'old' # mine\n[mcp]\n" {
		t.Fatalf("%+v, %v", got, err)
	}
	text := strings.Join(got.Diff, "\n")
	if strings.Contains(text, "mcp") {
		t.Errorf("lines that do not change are shown:\n%s", text)
	}
	for _, want := range []string{"-model = 'old' # mine", "+model = \"router-default\" # mine",
		"+base_url = \"http://127.0.0.1:4000/v1\""} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if _, err := os.Lstat(h.env["XDG_STATE_HOME"]); err == nil {
		t.Error("a dry run left a record")
	}
}

func TestAnotherProgramsWriteIsNotOverwritten(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "codex")
	path := c.Files[0].Path(h.options().Getenv)
	h.write(path, "a = 1\n")
	o := h.options()
	o.At = func(step string) {
		if step == "journal" {
			h.write(path, "a = 2\n")
		}
	}
	if _, err := client.Setup(t.Context(), c, router, o); fault.From(err) == nil || fault.From(err).Code != "client-file-busy" {
		t.Fatalf("%v", err)
	}
	if got := h.read(path); got != "a = 2\n" {
		t.Fatalf("it is %q", got)
	}
	if got, err := client.Restore(t.Context(), c, router, h.options()); err != nil || got.Changed || h.read(path) != "a = 2\n" {
		t.Fatalf("restored %+v, %v: %s", got, err, h.read(path))
	}
}

func TestRestoreNamesWhatItLeaves(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "codex")
	path := c.Files[0].Path(h.options().Getenv)
	h.write(path, "model = 'old'\n")
	if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	h.write(path, strings.Replace(h.read(path), `"router-default"`, `"mine"`, 1))
	got, err := client.Restore(t.Context(), c, router, h.options())
	if err != nil || len(got.Left) != 1 || !strings.HasPrefix(got.Left[0], "model was changed") {
		t.Fatalf("%+v, %v", got, err)
	}
	if text := h.read(path); text != "model = \"mine\"\n" || len(h.records()) != 1 {
		t.Fatalf("it is %q; the record of what is left: %v", text, h.records())
	}
}

func TestListSaysWhereEachClientPoints(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	getenv := h.options().Getenv
	codex, claude, goose := find(t, "codex"), find(t, "claude"), find(t, "goose")
	if _, err := client.Setup(t.Context(), codex, router, h.options()); err != nil {
		t.Fatal(err)
	}
	h.write(claude.Files[0].Path(getenv), `{"env": {"ANTHROPIC_BASE_URL": "https://me:secret@example.com/"}}`)
	h.write(goose.Files[0].Path(getenv), "OPENAI_HOST: [\n")
	all, err := client.List(router, nil, getenv)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]client.Status{}
	for _, s := range all {
		by[s.Name] = s
	}
	for name, want := range map[string]string{
		"codex": client.PointsRouter, "claude": client.PointsElsewhere, "goose": client.PointsUnknown, "aider": client.PointsNowhere,
	} {
		if by[name].Points != want {
			t.Errorf("%s: %+v, not %s", name, by[name], want)
		}
	}
	if !by["codex"].SetUp || by["claude"].SetUp || by["claude"].Address != "https://example.com/" {
		t.Errorf("%+v", by["claude"])
	}
	h.write(codex.Files[0].Path(getenv), strings.Replace(h.read(codex.Files[0].Path(getenv)), "\"flowgate\"", "\"openai\"", 1))
	if all, _ := client.List(router, nil, getenv); all[4].Name == "codex" && all[4].Points != client.PointsNowhere {
		t.Errorf("a provider that is not chosen counts: %+v", all[4])
	}
}

func TestTheEnvironmentOfAClientLeadsToTheRouterAlone(t *testing.T) {
	t.Parallel()
	env, arguments := router.Environment(find(t, "claude"), []string{
		"PATH=/bin", "ANTHROPIC_API_KEY=sk-other", "ANTHROPIC_BASE_URL=https://elsewhere", "CLAUDE_CODE_USE_BEDROCK=1",
	})
	text := strings.Join(env, "\n")
	if strings.Contains(text, "sk-other") || strings.Contains(text, "elsewhere") || strings.Contains(text, "BEDROCK") ||
		!strings.Contains(text, "PATH=/bin") || !strings.Contains(text, "ANTHROPIC_BASE_URL=http://127.0.0.1:4000\n") ||
		!strings.Contains(text, "ANTHROPIC_AUTH_TOKEN="+router.Key) || len(arguments) != 0 {
		t.Errorf("%v %v", env, arguments)
	}
	env, arguments = router.Environment(find(t, "codex"), nil)
	if text := strings.Join(arguments, " "); strings.Contains(text, router.Key) || !strings.Contains(text, "4000/v1") ||
		!strings.Contains(strings.Join(env, "\n"), "FLOWGATE_KEY="+router.Key) {
		t.Errorf("%v %v", env, arguments)
	}
}

func TestAnUnknownClientHasANeighbour(t *testing.T) {
	t.Parallel()
	if _, err := client.Find("codx"); err == nil || !strings.Contains(fault.From(err).Hint, "codex") {
		t.Errorf("%v", err)
	}
	if c, err := client.Find("claude-code"); err != nil || c.Name != "claude" {
		t.Errorf("%v, %v", c, err)
	}
}

// interrupted is what a killed process leaves behind: nothing after a step happens.
type interrupted struct{ step string }

func TestAnInterruptedSetupCanBeTakenBackOrDoneAgain(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"journal", "written", "restored"} {
		h, c := newHome(t), find(t, "codex")
		path := c.Files[0].Path(h.options().Getenv)
		const before = "model = 'old' # mine\n"
		h.write(path, before)
		h.interruptAt(step, func(o client.Options) {
			_, _ = client.Setup(t.Context(), c, router, o)
			_, _ = client.Restore(t.Context(), c, router, o)
		})
		for _, again := range []bool{false, true} {
			if again {
				if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil || h.read(path) != before {
				t.Fatalf("after %s: %v\n%s", step, err, h.read(path))
			}
		}
	}
}

func TestSetupsAtTheSameTimeLeaveOneThatCanBeTakenBack(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "claude")
	path := c.Files[0].Path(h.options().Getenv)
	const before = "{\n  \"mine\": true\n}\n"
	h.write(path, before)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			other := router
			other.Model = fmt.Sprintf("group-%d", i)
			if _, err := client.Setup(t.Context(), c, other, h.options()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil || h.read(path) != before {
		t.Fatalf("%v\n%s", err, h.read(path))
	}
}

func BenchmarkList(b *testing.B) {
	dir := b.TempDir()
	getenv := func(name string) string { return map[string]string{"HOME": dir, "XDG_STATE_HOME": dir}[name] }
	for b.Loop() {
		if _, err := client.List(router, nil, getenv); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSetupThenRestore(b *testing.B) {
	dir := b.TempDir()
	getenv := func(name string) string { return map[string]string{"HOME": dir, "XDG_STATE_HOME": dir}[name] }
	c, err := client.Find("codex")
	if err != nil {
		b.Fatal(err)
	}
	o := client.Options{Getenv: getenv, Now: time.Unix(1700000000, 0)}
	for b.Loop() {
		if _, err := client.Setup(b.Context(), c, router, o); err != nil {
			b.Fatal(err)
		}
		if _, err := client.Restore(b.Context(), c, router, o); err != nil {
			b.Fatal(err)
		}
	}
}
