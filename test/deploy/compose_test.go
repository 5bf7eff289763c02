package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// composeFolder has the golden files of Compose.
const composeFolder = "../../internal/deploy/compose/testdata"

// loadCompose has Compose's own loader read a file, with the file .env that secrets.sh makes.
func loadCompose(t *testing.T, text string) (*types.Project, error) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "compose.yaml"), text)
	writeFile(t, filepath.Join(dir, ".env"), "FLOWGATE_USER=1000:1000\n")
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir),
		cli.WithEnvFiles(filepath.Join(dir, ".env")), cli.WithDotEnv)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(t.Context())
}

// TestComposeAcceptsWhatIsRendered loads the golden files, and files that are broken: Compose's loader refuses those.
func TestComposeAcceptsWhatIsRendered(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir(composeFolder)
	if err != nil || len(folders) < 4 {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	for _, f := range folders {
		text, err := os.ReadFile(filepath.Join(composeFolder, f.Name(), "compose.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		project, err := loadCompose(t, string(text))
		if err != nil || len(project.Services) < 2 {
			t.Errorf("%s: %v", f.Name(), err)
			continue
		}
		if command := strings.Join(project.Services["router"].Entrypoint, " "); !strings.Contains(command, "--port 4000") &&
			!strings.Contains(command, "router:serve") {
			t.Errorf("%s: the router executes %q", f.Name(), command)
		}
		for _, m := range []struct{ old, new string }{
			{"read_only: true", "readonly: true"}, {"stop_grace_period: ", "stop_grace_period: soon"},
			{"condition: service_healthy", "condition: service_fine"}, {"cap_drop: [ALL]", "cap_drop: ALL"},
			{"  cliproxyapi:\n", "  cliproxy:\n"}, {"\nsecrets:\n", "\nsecret:\n"}, {"type: bind", "type: bound"},
		} {
			broken := strings.Replace(string(text), m.old, m.new, 1)
			if broken == string(text) {
				t.Errorf("%s does not have %q", f.Name(), m.old)
			} else if _, err := loadCompose(t, broken); err == nil {
				t.Errorf("%s: Compose takes %q", f.Name(), m.new)
			}
		}
	}
}
