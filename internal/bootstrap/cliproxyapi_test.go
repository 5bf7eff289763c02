package bootstrap_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/bootstrap/releasetest"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
)

const source = `package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// The version stands in a file beside the program, so that it is built once.
func main() {
	self, _ := os.Executable()
	version, err := os.ReadFile(filepath.Join(filepath.Dir(self), "VERSION"))
	if err != nil {
		version = []byte("6.9.1-plus")
	}
	fmt.Printf("CLIProxyAPI Version: %s, Commit: none, BuiltAt: unknown\n", version)
}
`

// built is the small real program that the releases hold, built once.
var buildPrograms = sync.OnceValues(func() ([]byte, []byte) {
	t := &builder{}
	defer t.removeAll()
	other := "arm64"
	if runtime.GOARCH == "arm64" {
		other = "amd64"
	}
	return releasetest.Program(t, source, "", ""), releasetest.Program(t, source, runtime.GOOS, other)
})

// builder is enough of a testing.TB to build outside of any one test.
type builder struct {
	testing.TB
	dirs []string
}

func (b *builder) Helper()                   {}
func (b *builder) Fatal(args ...any)         { panic(args) }
func (b *builder) Fatalf(f string, a ...any) { panic(append([]any{f}, a...)) }
func (b *builder) TempDir() string {
	dir, err := os.MkdirTemp("", "flowgate-build-")
	if err != nil {
		panic(err)
	}
	b.dirs = append(b.dirs, dir)
	return dir
}
func (b *builder) removeAll() {
	for _, dir := range b.dirs {
		_ = os.RemoveAll(dir)
	}
}

// packRelease returns a release whose program reports this version.
func packRelease(t *testing.T, version string) []byte {
	t.Helper()
	mine, _ := buildPrograms()
	return releasetest.Pack(t, map[string][]byte{
		"cli-proxy-api-plus": mine, "VERSION": []byte(version), "README.md": []byte("read"),
		"static/management.html": []byte("<html>"),
	})
}

// request asks the server for CLIProxyAPI in a store of its own.
func request(t *testing.T, s *releasetest.Server) bootstrap.Request {
	t.Helper()
	return bootstrap.Request{
		Config: config.Default(t.TempDir()), Runtime: config.RuntimeCLIProxyAPI, Repository: s.Repository,
		Getenv: func(name string) string { return map[string]string{"GITHUB_API_URL": s.URL + "/"}[name] },
	}
}

func wantFault(t *testing.T, err error, code string, parts ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Hint == "" {
		t.Fatalf("want %s with a hint, got %v", code, err)
	}
	for _, part := range parts {
		if !strings.Contains(f.Message+"\n"+f.Hint, part) {
			t.Errorf("%q / %q lacks %q", f.Message, f.Hint, part)
		}
	}
}

func TestAReleaseIsInstalledAndRunBesideOthers(t *testing.T) {
	t.Parallel()
	s := releasetest.New(t)
	s.Add("6.9.0", packRelease(t, "6.9.0"))
	s.Add("6.9.1", packRelease(t, "6.9.1"))
	r := request(t, s)
	got, err := bootstrap.Install(t.Context(), r)
	if err != nil || !got.Changed || got.Runtimes[0].Version != "6.9.1" || !got.Runtimes[0].Active {
		t.Fatalf("the latest: %+v, %v", got, err)
	}
	if err := store.Verify(got.Runtimes[0]); err != nil {
		t.Error(err)
	}
	spec, err := runtimestore.Command(
		withProxyConfig(t, r.Config),
		config.Service{Name: config.CLIProxy, Runtime: r.Runtime},
		runtimestore.Environment{},
	)
	if err != nil || spec.Version != "6.9.1" || !strings.HasPrefix(spec.Args[0], store.Dir(r.Config, r.Runtime)) {
		t.Errorf("a service would execute %+v, %v", spec, err)
	}
	before := len(s.Asked())
	if got, err = bootstrap.Install(t.Context(), r); err != nil || got.Changed || len(s.Asked()) != before {
		t.Errorf("a second time: %+v, %v, asked %v", got, err, s.Asked()[before:])
	}
	r.Version = "v6.9.0"
	got, err = bootstrap.Install(t.Context(), r)
	if err != nil || !got.Changed || got.Runtimes[0].Active || len(got.Warnings) != 1 ||
		!strings.Contains(got.Warnings[0], "bootstrap:update") {
		t.Errorf("an older one: %+v, %v", got, err)
	}
	if partial, _ := os.ReadDir(store.PartialDir(r.Config, r.Runtime)); len(partial) != 0 {
		t.Errorf("archives are left: %v", partial)
	}
}

func withProxyConfig(t *testing.T, cfg *config.Config) *config.Config {
	t.Helper()
	with := *cfg
	with.CLIProxyConfigFile = filepath.Join(cfg.Dir, "cliproxyapi.yaml")
	if err := os.WriteFile(with.CLIProxyConfigFile, []byte("port: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &with
}

func TestABadReleaseInstallsNothing(t *testing.T) {
	t.Parallel()
	mine, others := buildPrograms()
	good := packRelease(t, "1.0.0")
	name := releasetest.Asset("1.0.0")
	line := func(data []byte) []byte {
		sum := sha256.Sum256(data)
		return []byte(hex.EncodeToString(sum[:]) + " *" + name + "\n")
	}
	only := func(data []byte) map[string][]byte { return map[string][]byte{name: data, "checksums.txt": line(data)} }
	html := []byte("<!DOCTYPE html><p>sign in</p>")
	for title, c := range map[string]struct {
		files map[string][]byte
		code  string
	}{
		"no asset for this machine": {map[string][]byte{"CLIProxyAPIPlus_1.0.0_plan9_mips.tar.gz": good}, "asset-missing"},
		"no checksums":              {map[string][]byte{name: good}, "checksum-missing"},
		"no line for the asset": {map[string][]byte{name: good,
			"checksums.txt": []byte(strings.Repeat("0", 64) + "  other.tar.gz\nnonsense\n")}, "checksum-missing"},
		"wrong checksum": {map[string][]byte{name: good, "checksums.txt": line(html)}, "checksum-mismatch"},
		"no binary inside": {only(releasetest.Pack(t, map[string][]byte{"README.md": []byte("x")})),
			"binary-missing"},
		"wrong architecture": {only(releasetest.Pack(t, map[string][]byte{"cli-proxy-api": others})),
			"platform-wrong"},
		"path traversal": {only(releasetest.Pack(t, map[string][]byte{"../cli-proxy-api": mine})),
			"archive-unsafe"},
		"HTML":                   {only(html), "archive-invalid"},
		"cut":                    {only(good[:len(good)/2]), "archive-invalid"},
		"another version inside": {only(packRelease(t, "1.0.1")), "version-mismatch"},
		"an older Plus inside":   {only(packRelease(t, "0.9.0-plus")), "version-mismatch"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := releasetest.New(t)
			s.AddFiles("1.0.0", c.files)
			r := request(t, s)
			_, err := bootstrap.Install(t.Context(), r)
			wantFault(t, err, c.code)
			nothingInstalled(t, r.Config)
		})
	}
}

func nothingInstalled(t *testing.T, cfg *config.Config) {
	t.Helper()
	list, err := store.Installed(cfg)
	if err != nil || len(list) > 0 || store.ActiveFolder(cfg, config.RuntimeCLIProxyAPI) != "" {
		t.Errorf("something was installed: %v, %v", list, err)
	}
	entries, _ := os.ReadDir(store.Dir(cfg, config.RuntimeCLIProxyAPI))
	for _, e := range entries {
		if e.IsDir() && e.Name() != ".partial" {
			t.Errorf("%s is left", e.Name())
		}
	}
}

func TestABadServerInstallsNothing(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		spoil   func(w http.ResponseWriter, r *http.Request) bool
		version string
		code    string
		part    string
	}{
		"unknown version": {nil, "9.9.9", "release-not-found", "9.9.9"},
		"rate limit": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", "1800000000")
			w.WriteHeader(http.StatusForbidden)
			return true
		}, "", "rate-limited", "GITHUB_TOKEN"},
		"web page for the API": {func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte("<html>"))
			return true
		}, "", "release-unreadable", "GITHUB_API_URL"},
		"web page for the asset": {func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, ".tar.gz") {
				return false
			}
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>"))
			return true
		}, "", "download-failed", "web page"},
		"bad token": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}, "", "token-refused", "GITHUB_TOKEN"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := releasetest.New(t)
			s.Spoil = c.spoil
			s.Add("1.0.0", packRelease(t, "1.0.0"))
			r := request(t, s)
			r.Version = c.version
			_, err := bootstrap.Install(t.Context(), r)
			wantFault(t, err, c.code, c.part)
			nothingInstalled(t, r.Config)
		})
	}
	s := releasetest.New(t)
	r := request(t, s)
	r.Getenv = func(string) string { return "http://127.0.0.1:1" }
	r.Repository = "a/b"
	_, err := bootstrap.Install(t.Context(), r)
	wantFault(t, err, "download-failed", "HTTPS_PROXY")
	r.Offline = true
	_, err = bootstrap.Install(t.Context(), r)
	wantFault(t, err, "offline", "-from")
}

func TestTheTokenGoesToTheAPIOnly(t *testing.T) {
	t.Parallel()
	s := releasetest.New(t)
	var with []string
	s.Spoil = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer t0ken" {
			with = append(with, r.URL.Path)
		}
		return false
	}
	s.Add("1.0.0", packRelease(t, "1.0.0"))
	r := request(t, s)
	r.Getenv = func(name string) string {
		return map[string]string{"GITHUB_API_URL": s.URL, "GITHUB_TOKEN": "t0ken"}[name]
	}
	if _, err := bootstrap.Install(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/repos/" + s.Repository + "/releases/latest"}; !slices.Equal(with, want) {
		t.Errorf("the token went to %v", with)
	}
}

func TestAProgramThatReportsItsOwnSpellingOfTheVersionIsInstalled(t *testing.T) {
	t.Parallel()
	for _, reported := range []string{"1.0.0-plus", "v1.0.0", "dev", ""} {
		s := releasetest.New(t)
		s.Add("1.0.0", packRelease(t, reported))
		if got, err := bootstrap.Install(t.Context(), request(t, s)); err != nil || got.Runtimes[0].Version != "1.0.0" {
			t.Errorf("a program that reports %q: %+v, %v", reported, got, err)
		}
	}
}

// TestNoTokenIsSentInTheClearOrAfterARedirect: net/http would send it again to
// another port of the same host.
func TestNoTokenIsSentInTheClearOrAfterARedirect(t *testing.T) {
	t.Parallel()
	s := releasetest.New(t)
	s.Add("1.0.0", packRelease(t, "1.0.0"))
	var with []string
	s.Spoil = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" {
			with = append(with, r.URL.Path)
		}
		return false
	}
	mirror := httptest.NewServer(http.RedirectHandler(s.URL+"/repos/"+s.Repository+"/releases/latest", http.StatusFound))
	t.Cleanup(mirror.Close)
	r := request(t, s)
	api := mirror.URL
	r.Getenv = func(name string) string {
		return map[string]string{"GITHUB_API_URL": api, "GITHUB_TOKEN": "t0ken"}[name]
	}
	if _, err := bootstrap.Install(t.Context(), r); err != nil || len(with) > 0 {
		t.Errorf("after a redirect: %v; the token went to %v", err, with)
	}
	for _, address := range []string{"http://192.0.2.1", "http://localhost.example", "ftp://127.0.0.1",
		"http://ada:pass@192.0.2.1"} {
		api, r.Config = address, config.Default(t.TempDir())
		_, err := bootstrap.Install(t.Context(), r)
		wantFault(t, err, "address-insecure", "https")
		if strings.Contains(err.Error(), "pass") {
			t.Errorf("the message has the password: %v", err)
		}
	}
}

func TestARedirectOrAnAssetInTheClearIsRefused(t *testing.T) {
	t.Parallel()
	for title, spoil := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"redirect of the API": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://192.0.2.1/latest", http.StatusFound)
			return true
		},
		"redirect of the asset": func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, ".tar.gz") {
				return false
			}
			http.Redirect(w, r, "http://192.0.2.1/a.tar.gz", http.StatusFound)
			return true
		},
		"address of the asset": func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/latest") {
				return false
			}
			_, _ = w.Write([]byte(`{"tag_name":"v1.0.0","assets":[{"name":"` + releasetest.Asset("1.0.0") +
				`","browser_download_url":"http://192.0.2.1/a.tar.gz"},{"name":"checksums.txt","browser_download_url":"http://192.0.2.1/c"}]}`))
			return true
		},
	} {
		s := releasetest.New(t)
		s.Spoil = spoil
		s.Add("1.0.0", packRelease(t, "1.0.0"))
		r := request(t, s)
		_, err := bootstrap.Install(t.Context(), r)
		if err == nil || fault.From(err).Code != "address-insecure" {
			t.Errorf("%s: %v", title, err)
		}
		nothingInstalled(t, r.Config)
	}
}

// hasBytes reports whether a file in dir has content.
func hasBytes(dir string) bool {
	files, _ := os.ReadDir(dir) // it may not be there yet
	return slices.ContainsFunc(files, func(f os.DirEntry) bool {
		info, err := f.Info()
		return err == nil && info.Size() > 0 && strings.HasSuffix(f.Name(), ".tar.gz")
	})
}

func TestAnInterruptedDownloadGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := releasetest.New(t)
	archive := packRelease(t, "1.0.0")
	s.Add("1.0.0", archive)
	ctx, cancel := context.WithCancel(t.Context())
	first := true
	var ranges []string
	r := request(t, s)
	s.Spoil = func(w http.ResponseWriter, asked *http.Request) bool {
		if !strings.HasSuffix(asked.URL.Path, ".tar.gz") {
			return false
		}
		ranges = append(ranges, asked.Header.Get("Range"))
		if !first {
			return false
		}
		first = false
		w.Header().Set("Content-Length", "999999999")
		_, _ = w.Write(archive[:len(archive)/2])
		w.(http.Flusher).Flush()
		for asked.Context().Err() == nil && !hasBytes(store.PartialDir(r.Config, r.Runtime)) {
			time.Sleep(time.Millisecond)
		}
		cancel()
		<-asked.Context().Done()
		return true
	}
	if _, err := bootstrap.Install(ctx, r); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	nothingInstalled(t, r.Config)
	if _, err := bootstrap.Install(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if len(ranges) != 2 || ranges[0] != "" || !strings.HasPrefix(ranges[1], "bytes=") {
		t.Errorf("asked for %q", ranges)
	}
}

func TestOfManyBootstrapsAtOnceOneFetches(t *testing.T) {
	t.Parallel()
	s := releasetest.New(t)
	s.Add("1.0.0", packRelease(t, "1.0.0"))
	r := request(t, s)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := bootstrap.Install(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	fetched := 0
	for _, path := range s.Asked() {
		if strings.HasSuffix(path, ".tar.gz") {
			fetched++
		}
	}
	if fetched != 1 {
		t.Errorf("fetched %d times", fetched)
	}
}

func TestAFileOrABinaryOnThisMachineIsInstalledToo(t *testing.T) {
	t.Parallel()
	mine, others := buildPrograms()
	dir := t.TempDir()
	files := map[string][]byte{
		"CLIProxyAPI_7.0.2_linux_amd64.tar.gz": packRelease(t, "7.0.2"),
		"proxy":                                mine,
		"other":                                others,
		"page":                                 []byte("<html>"),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"CLIProxyAPI_7.0.2_linux_amd64.tar.gz": "7.0.2", "proxy": "6.9.1-plus"} {
		r := bootstrap.Request{
			Config:  config.Default(t.TempDir()),
			Runtime: config.RuntimeCLIProxyAPI,
			From:    filepath.Join(dir, name),
			Offline: true,
		}
		got, err := bootstrap.Install(t.Context(), r)
		if err != nil || got.Runtimes[0].Version != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if data, err := os.ReadFile(got.Runtimes[0].Executable()); err != nil || !bytes.Equal(data, mine) {
			t.Errorf("%s: the program is not the one given: %v", name, err)
		}
	}
	for name, code := range map[string]string{"other": "platform-wrong", "page": "platform-wrong",
		"none": "source-not-found"} {
		_, err := bootstrap.Install(
			t.Context(),
			bootstrap.Request{
				Config:  config.Default(t.TempDir()),
				Runtime: config.RuntimeCLIProxyAPI,
				From:    filepath.Join(dir, name),
			},
		)
		wantFault(t, err, code)
	}
	_, err := bootstrap.Install(
		t.Context(),
		bootstrap.Request{
			Config:  config.Default(t.TempDir()),
			Runtime: config.RuntimeCLIProxyAPI,
			From:    filepath.Join(dir, "proxy"),
			SHA256:  strings.Repeat("0", 64),
		},
	)
	wantFault(t, err, "checksum-mismatch")
}

func TestAMistypedNameIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	for code, r := range map[string]bootstrap.Request{
		"runtime-unknown":    {Runtime: "litelm"},
		"version-invalid":    {Runtime: config.RuntimeLiteLLM, Version: "../1"},
		"checksum-invalid":   {Runtime: config.RuntimeCLIProxyAPI, SHA256: "abc"},
		"version-known-bad":  {Runtime: config.RuntimeLiteLLM, Version: "1.82.8"},
		"repository-invalid": {Runtime: config.RuntimeCLIProxyAPI, Repository: "https://x/y"},
	} {
		r.Config = config.Default(t.TempDir())
		_, err := bootstrap.Install(t.Context(), r)
		wantFault(t, err, code)
		nothingInstalled(t, r.Config)
	}
}

func TestNewVersionsAreLookedForOnceADay(t *testing.T) {
	t.Parallel()
	s := releasetest.New(t)
	s.Add("1.0.0", packRelease(t, "1.0.0"))
	r := request(t, s)
	if _, err := bootstrap.Install(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.Add("1.1.0", packRelease(t, "1.1.0"))
	now := time.Now()
	ask := func(online bool, at time.Time) bootstrap.VersionStatus {
		t.Helper()
		news, err := bootstrap.Outdated(t.Context(), r, online, at)
		if err != nil || len(news) != 1 {
			t.Fatalf("%+v, %v", news, err)
		}
		return news[0]
	}
	if n := ask(false, now); n.Latest != "1.1.0" || !n.Outdated || n.Active != "1.0.0" {
		t.Errorf("%+v", n)
	}
	s.Add("1.2.0", packRelease(t, "1.2.0"))
	if n := ask(false, now.Add(23*time.Hour)); n.Latest != "1.1.0" {
		t.Errorf("within a day: %+v", n)
	}
	if err := store.Pin(r.Config, r.Runtime, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	if n := ask(true, now); n.Latest != "1.2.0" || n.Pinned != "1.0.0" || !strings.Contains(n.Reason, "-pin") {
		t.Errorf("asked anew: %+v", n)
	}
	s.Spoil = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true }
	if n := ask(true, now.Add(25*time.Hour)); n.Latest != "1.2.0" || n.Reason == "" {
		t.Errorf("nobody answers: %+v", n)
	}
}
