package security_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/checks/security"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/secret/repo/repotest"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

const (
	digits = "0123456789"
	hexes  = digits + "abcdef"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	alnum  = digits + upper + lower
)

// secrets makes thirty secrets of thirty kinds, by the ID of the rule that has
// to find each.
func secrets(r *rand.Rand) map[string]string {
	some := func(n int, from string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = from[r.IntN(len(from))]
		}
		return string(b)
	}
	return map[string]string{
		"flowgate-key":               "sk-" + some(48, hexes),
		"litellm-virtual-key":        "sk-" + some(22, alnum),
		"litellm-master-key":         "master_key: sk-" + some(30, alnum),
		"cliproxyapi-management-key": "secret-key: " + some(24, alnum),
		"oauth-refresh-token":        `"refresh_token": "` + some(60, alnum) + `"`,
		"anthropic-oauth-token":      "sk-ant-oat01-" + some(80, alnum),
		"anthropic-api-key":          "sk-ant-api03-" + some(93, alnum) + "AA",
		"google-oauth-token":         "ya29." + some(60, alnum),
		"google-client-secret":       "GOCSPX-" + some(28, alnum),
		"gcp-api-key":                "AIza" + some(35, alnum),
		"copilot-session-token":      "tid=" + some(32, hexes) + ";exp=1790000000;sku=" + some(20, alnum),
		"kiro-token":                 "aorAAAAAG" + some(90, alnum),
		"openrouter-key":             "sk-or-v1-" + some(64, hexes),
		"xai-key":                    "xai-" + some(80, alnum),
		"groq-key":                   "gsk_" + some(52, alnum),
		"nvidia-key":                 "nvapi-" + some(64, alnum),
		"replicate-token":            "r8_" + some(37, alnum),
		"openai-api-key":             "sk-" + some(20, alnum) + "T3BlbkFJ" + some(20, alnum),
		"github-pat":                 "ghp_" + some(36, alnum),
		"github-oauth":               "gho_" + some(36, alnum),
		"github-app-token":           "ghu_" + some(36, alnum),
		"github-fine-grained-pat":    "github_pat_" + some(82, alnum),
		"gitlab-pat":                 "glpat-" + some(20, alnum),
		"aws-access-token":           "AKIA" + some(16, upper+"234567"),
		"slack-bot-token":            "xoxb-" + some(12, digits) + "-" + some(12, digits) + "-" + some(24, alnum),
		"huggingface-access-token":   "hf_" + some(34, lower),
		"npm-access-token":           "npm_" + some(36, digits+lower),
		"stripe-access-token":        "sk_live_" + some(24, alnum),
		"jwt":                        "eyJ" + some(30, alnum) + ".eyJ" + some(60, alnum) + "." + some(43, alnum),
		"private-key": "-----BEGIN PRIVATE KEY-----\n" + some(64, alnum) + "\n" + some(64,
			alnum) + "\n-----END PRIVATE KEY-----",
	}
}

// installation is a repository with an installation in it.
func installation(t *testing.T) *repotest.Git {
	t.Helper()
	g := repotest.New(t)
	if _, err := scaffold.Init(scaffold.Options{Dir: g.Dir, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	g.Git("add", ".")
	g.Git("commit", "-q", "-m", "start")
	return g
}

// onlyState is an environment with the folder of state that TestMain made.
func onlyState(name string) string {
	if name == "XDG_STATE_HOME" {
		return os.Getenv(name)
	}
	return ""
}

func options(dir string) security.Options {
	return security.Options{Options: doctor.Options{
		File: filepath.Join(dir, "config", "flowgate.yaml"), Cwd: dir, Getenv: onlyState, Now: time.Now,
	}}
}

func run(t *testing.T, o security.Options) (report.Checked, security.Examined) {
	t.Helper()
	checked, err := security.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return checked, checked.Data.(security.Examined)
}

func status(checked report.Checked, id string) report.Status {
	for _, c := range checked.Checks {
		if c.ID == id {
			return c.Status
		}
	}
	return ""
}

// TestThirtySecretsOfThirtyKindsAreFoundAndNoneIsPrinted plants them in the
// tree, the index, the history, a merge, a stash, a forgotten branch, a log and
// the configuration, plain and encoded.
func TestThirtySecretsOfThirtyKindsAreFoundAndNoneIsPrinted(t *testing.T) {
	t.Parallel()
	g := installation(t)
	all := secrets(rand.New(rand.NewPCG(30, 30)))
	if len(all) != 30 {
		t.Fatalf("%d secrets", len(all))
	}
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, id := range ids {
		file, text := fmt.Sprintf("file%02d.txt", i), "a line\n"+all[id]+"\n"
		switch i % 8 {
		case 0: // in the tree, untracked
			g.Write(file, text)
		case 1: // staged
			g.Write(file, text)
			g.Git("add", file)
		case 2: // in the history
			g.Commit(file, text)
			g.Commit(file, "clean\n")
		case 3: // in a merge alone
			g.Git("stash", "-q", "--include-untracked")
			g.Commit(file, "ours\n")
			g.Git("checkout", "-q", "-b", "side"+file, "HEAD~1")
			g.Commit("side"+file, "side\n")
			g.Git("checkout", "-q", "main")
			g.Git("merge", "-q", "--no-ff", "--no-commit", "side"+file)
			g.Write(file, "ours\n"+text)
			g.Git("add", file)
			g.Git("commit", "-q", "-m", "merge")
			g.Commit(file, "clean\n")
			g.Git("stash", "pop", "-q")
		case 4: // in a stash that was dropped
			g.Git("stash", "-q", "--include-untracked")
			g.Write(file, text)
			g.Git("add", file)
			g.Git("stash", "-q")
			g.Git("stash", "drop", "-q")
			g.Git("stash", "pop", "-q")
		case 5: // in a log
			g.Write(".router/runtime/process-logs/"+file+".log", text)
		case 6: // in a tracked configuration, with a name full of surprises
			g.Write("conf \"i\"\n"+file, text)
		case 7: // encoded
			g.Write(file, "data = "+base64.StdEncoding.EncodeToString([]byte("v: "+all[id]+" "))+"\n")
		}
	}
	o := options(g.Dir)
	o.History = true
	checked, data := run(t, o)
	found := map[string]bool{}
	for _, f := range data.Findings {
		found[f.Rule] = true
	}
	for i, id := range ids {
		if !found[id] {
			t.Errorf("the %s was not found (planted the way %d)", id, i%8)
		}
	}
	for _, id := range []string{"secrets.tree", "secrets.history", "secrets.logs"} {
		if status(checked, id) != report.Fail {
			t.Errorf("%s: %s", id, status(checked, id))
		}
	}
	wantNoSecret(t, all, checked, filepath.Join(g.Dir, ".router", "cache"))
}

// wantNoSecret expects no secret in the report, in any format, and in the cache.
func wantNoSecret(t *testing.T, all map[string]string, checked report.Checked, cache string) {
	t.Helper()
	var printed strings.Builder
	for _, f := range []report.Format{report.JSON, report.Text, report.GitHub, report.JUnit, report.SARIF} {
		r := report.New("security-check", time.Now())
		r.Finish(checked, nil, time.Now())
		if err := (&report.Output{Stdout: &printed, Format: f}).Emit(t.Context(), r); err != nil {
			printed.WriteString(err.Error())
		}
	}
	files, _ := filepath.Glob(filepath.Join(cache, "*"))
	if len(files) < 2 {
		t.Fatalf("no cache: %v", files)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		printed.Write(b)
	}
	for id, secret := range all {
		for _, line := range strings.Split(secret, "\n") {
			quoted, _ := json.Marshal(line)
			core := line[len(line)/2:]
			if !strings.HasPrefix(line, "---") && (strings.Contains(printed.String(), core) ||
				strings.Contains(printed.String(), strings.Trim(string(quoted), `"`))) {
				t.Errorf("the %s is printed", id)
			}
		}
	}
}

func TestAnUnreadableFileMakesAScanIncomplete(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a.txt", "x\n")
	clone := filepath.Join(t.TempDir(), "clone")
	g.Commit("a.txt", "y\n")
	g.Git("clone", "-q", "--depth=1", "file://"+g.Dir, clone)
	o := options(clone)
	o.File, o.History, o.Only = "", true, "secrets.history"
	checked, data := run(t, o)
	if status(checked, "secrets.history") != report.Fail || len(data.Scanned.Unread) != 1 {
		t.Fatalf("a shallow clone: %+v %+v", checked.Checks, data.Scanned)
	}
}

func TestAFileWithoutReadPermissionMakesAScanIncomplete(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return
	}
	g := repotest.New(t)
	g.Commit("a.txt", "x\n")
	if err := os.Chmod(filepath.Join(g.Dir, "a.txt"), 0); err != nil {
		t.Fatal(err)
	}
	o := options(g.Dir)
	o.File, o.Only = "", "secrets.tree"
	checked, data := run(t, o)
	if status(checked, "secrets.tree") != report.Fail || len(data.Scanned.Unread) != 1 ||
		data.Scanned.Unread[0].What != "a.txt" {
		t.Fatalf("%+v %+v", checked.Checks, data.Scanned)
	}
}

func TestABareRepositoryHasAHistoryAndNoTree(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a.txt", "k = ghp_"+strings.Repeat("aB3dE5fG7", 4)+"\n")
	bare := filepath.Join(t.TempDir(), "bare.git")
	g.Git("clone", "-q", "--bare", g.Dir, bare)
	o := options(bare)
	o.File, o.History, o.Only = "", true, "secrets.*"
	checked, data := run(t, o)
	if status(checked, "secrets.tree") != report.Skip || status(checked, "secrets.history") != report.Fail ||
		len(data.Findings) != 1 {
		t.Fatalf("%+v %+v", checked.Checks, data)
	}
}

func TestNamesOfFilesThatHoldSecretsAreKnownAndExamplesAreNot(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	bad := []string{".env", "a/.env.production", "x.p12", "id_rsa", ".router/secrets/other", "home/.codex/auth.json",
		"prod.pem", "codex-me@example.com.json"}
	for name, text := range map[string]string{
		"prod.pem": "-----BEGIN RSA PRIVATE KEY-----\n", "ca.pem": "-----BEGIN CERTIFICATE-----\n",
		"codex-me@example.com.json": `{"access_token":"x"}`,
		"codex-models.json":         `{"models":[]}`, ".env.example": "A=\n", "testdata/.env": "A=\n", "docs/id_rsa": "x\n",
		"environment.go": "package x\n", "sample.env": "A=\n",
	} {
		g.Write(name, text)
	}
	for _, name := range bad {
		if _, err := os.Stat(filepath.Join(g.Dir, name)); err != nil {
			g.Write(name, "x\n")
		}
	}
	g.Git("add", "-f", ".")
	o := options(g.Dir)
	o.File, o.Only = "", "files.tracked"
	checked, _ := run(t, o)
	text, err := json.Marshal(checked.Checks[len(checked.Checks)-1].Detail)
	if err != nil {
		t.Fatal(err)
	}
	var detail struct{ Files []string }
	if err := json.Unmarshal(text, &detail); err != nil {
		t.Fatal(err)
	}
	slices.Sort(detail.Files)
	slices.Sort(bad)
	if !slices.Equal(detail.Files, bad) {
		t.Fatalf("got  %q\nwant %q", detail.Files, bad)
	}
}

func TestABaselineLetsAnOldRepositoryStartAtZero(t *testing.T) {
	t.Parallel()
	g := repotest.New(t)
	g.Commit("a.txt", "k = ghp_"+strings.Repeat("aB3dE5fG7", 4)+"\n")
	file := filepath.Join(t.TempDir(), "base.json")
	o := options(g.Dir)
	o.File, o.Only, o.WriteBaseline = "", "secrets.tree", file
	if checked, _ := run(t, o); status(checked, "secrets.tree") != report.Fail {
		t.Fatal("nothing was found")
	}
	o.WriteBaseline, o.Baseline = "", file
	checked, data := run(t, o)
	if status(checked, "secrets.tree") != report.Pass ||
		!slices.ContainsFunc(data.Findings, func(f scan.Finding) bool { return f.Baseline }) {
		t.Fatalf("%+v %+v", checked.Checks, data.Findings)
	}
	g.Commit("b.txt", "k = ghp_"+strings.Repeat("bC4eF6gH8", 4)+"\n")
	if checked, _ := run(t, o); status(checked, "secrets.tree") != report.Fail {
		t.Fatal("a new secret passes")
	}
}

func TestEveryCheckSaysWhatItIsAbout(t *testing.T) {
	t.Parallel()
	for _, c := range security.ExplainAll().Checks {
		if len(c.About) < 60 || c.Title == "" {
			t.Errorf("%s: %q", c.ID, c.About)
		}
	}
}
