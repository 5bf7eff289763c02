package deploy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/kubernetes"
)

// The configurations that have golden files, and the folders of those.
const (
	configurationsFolder = "../../internal/deploy/kubernetes/testdata"
	goldenFolder         = configurationsFolder + "/golden"
)

// configurations returns the names of the configurations with golden files.
func configurations(t *testing.T) []string {
	t.Helper()
	folders, err := os.ReadDir(goldenFolder)
	if err != nil || len(folders) < 5 {
		t.Fatalf("%d configurations, %v", len(folders), err)
	}
	var names []string
	for _, f := range folders {
		names = append(names, f.Name())
	}
	return names
}

// gatewayKey and upstreamKey are the keys of an installation of these tests.
const (
	gatewayKey  = "sk-the-gateway-key-of-a-test"
	upstreamKey = "sk-the-upstream-key-of-a-test"
)

// namedKey is a named key of the configuration single, and namedKeys the file with its digest.
const namedKey = "sk-a-named-key-of-a-test"

var namedKeys = fmt.Sprintf(`{"version":1,"keys":[{"token":"%[1]s","token_id":"%[1]s","key_alias":"ci"}]}`, digestOf(namedKey))

// digestOf returns the digest by which a named key is known.
func digestOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// install copies a configuration into an installation in a folder, with its keys, and loads it.
func install(t *testing.T, name, dir string) *config.Config {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "config"), os.DirFS(filepath.Join(configurationsFolder, name))); err != nil {
		t.Fatal(err)
	}
	secrets := filepath.Join(dir, ".router", "secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(secrets, "gateway.key"), gatewayKey+"\n")
	writeFile(t, filepath.Join(secrets, "upstream.key"), upstreamKey+"\n")
	if name == "single" {
		writeFile(t, filepath.Join(secrets, "client-keys.json"), namedKeys)
	}
	cfg, err := config.Load(filepath.Join(dir, "config", "flowgate.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// writeFile writes a file that only its owner reads.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// optionsOf returns the options that the golden files of a configuration were rendered with.
func optionsOf(t *testing.T, name string) kubernetes.Options {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(goldenFolder, name, deploy.IndexFile))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Options kubernetes.Options `json:"options"`
	}
	if err := json.Unmarshal(text, &index); err != nil || index.Options.Image == "" {
		t.Fatalf("%s: %+v, %v", name, index, err)
	}
	return index.Options
}

// render renders a configuration with some options into a new folder and returns that.
func render(t *testing.T, cfg *config.Config, o kubernetes.Options) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "k8s")
	r, err := kubernetes.Render(cfg, o)
	if err == nil {
		_, err = r.Write(dir, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
