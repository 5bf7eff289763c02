package loopback_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ownClients are the files that may make an HTTP client or a transport without
// this package, and why.
var ownClients = map[string]string{
	"internal/loopback/loopback.go":                   "is this package",
	"internal/router/transport/transport.go":          "the router's upstreams; its dial confirms the supervised ones",
	"auth/authtest/terminal.go":                       "the browser of the tests of sign-ins",
	"supervisor/supervisortest/outside.go":            "what asks the services of the supervisor's tests",
	"internal/router/routertest/request.go":           "the client of the router's tests",
	"supervisor/client/client.go":                     "a Unix socket, whose peer is confirmed by its credentials",
	"auth/signin/retry/client.go":                     "providers on the Internet",
	"auth/signin/oauth/oauth.go":                      "the same, with the provider's form of bodies",
	"internal/download/download.go":                   "files on the Internet",
	"internal/bootstrap/bootstrap.go":                 "releases on the Internet",
	"internal/download/secure.go":                     "files and releases on the Internet",
	"checks/doctor/environment/upstream_reachable.go": "upstreams on the Internet, without a key",
	"internal/router/aws/aws.go":                      "AWS's token services, and those of the machine that the router runs on",
	"internal/router/vertex/vertex.go":                "Google's token services",
	"internal/router/telemetry/telemetry.go":          "the collector that the configuration names",
}

var makesClient = regexp.MustCompile(`http\.(Client\{|DefaultClient|DefaultTransport|Transport\{|Get\(|Post\(|Head\(|PostForm\()|new\(http\.(Client|Transport)\)`)

func TestNoOtherFileMakesAnHTTPClient(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" ||
			path == filepath.Join(root, "test")) {
			return filepath.SkipDir
		}
		// mage writes and removes its file while another test compiles.
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || d.Name() == "mage_output_file.go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if rel, _ := filepath.Rel(root, path); makesClient.Match(text) {
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if ownClients[file] == "" {
			t.Errorf("%s makes an HTTP client: use internal/loopback for services on this machine, or say here why not", file)
		}
	}
	for file := range ownClients {
		if !slices.Contains(found, file) {
			t.Errorf("%s makes no HTTP client any more: take it off the list", file)
		}
	}
}
