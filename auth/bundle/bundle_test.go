package bundle_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/bundle"
	"github.com/flowgate-go/flowgate/auth/source"
)

func TestAnExportMovesAccountsToAnotherMachine(t *testing.T) {
	t.Parallel()
	here, there := authtest.NewSite(t), authtest.NewSite(t)
	here.Credential("codex-a.json", authtest.Codex("a@x.y", authtest.Canary+"-r", time.Hour))
	here.Put(filepath.Join(here.Config.Paths.Secrets(), "provider-openai.key"), "sk-"+authtest.Canary+"\n")
	file := filepath.Join(here.Dir, "x.age")
	ask := func(string) (string, error) { return "correct horse battery", nil }
	got, err := bundle.Export(t.Context(), here.Config, here.Env, "all", bundle.Options{Dest: file, Secret: ask})
	if err != nil || !got.Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	if b, _ := os.ReadFile(file); strings.Contains(string(b), authtest.Canary) {
		t.Error("it is not encrypted")
	}
	_, err = bundle.Export(t.Context(), here.Config, here.Env, "all", bundle.Options{Dest: file, Secret: ask})
	authtest.WantCode(t, err, "destination-taken")
	_, err = there.Import("all", source.Options{Source: file,
		Secret: func(string) (string, error) { return "something else", nil }})
	authtest.WantCode(t, err, "decrypt-failed")
	_, err = there.Import("all", source.Options{Source: file})
	authtest.WantCode(t, err, "passphrase-missing")
	moved, err := there.Import("all", source.Options{Source: file, Secret: ask})
	if err != nil || len(moved.Others) != 1 {
		t.Fatalf("%+v, %v", moved, err)
	}
	a := there.Accounts()
	if len(a) != 2 || a[0].Provider != "codex" || a[1].Provider != "openai" || a[0].Mode != "0600" {
		t.Errorf("%+v", a)
	}
}
