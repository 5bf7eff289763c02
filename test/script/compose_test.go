package script_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose renders an installation with some flags and has Compose's own loader read the folder.
func loadCompose(t *testing.T, dir, flags string) *types.Project {
	t.Helper()
	if out, err := shell(t, dir, binary+" deploy:compose -out=out "+flags+" && sh out/secrets.sh config"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	folder := filepath.Join(dir, "out")
	options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")},
		cli.WithWorkingDirectory(folder), cli.WithEnvFiles(filepath.Join(folder, ".env")), cli.WithDotEnv)
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeReadsTheFolder(t *testing.T) {
	t.Parallel()
	for upstream, services := range map[string][]string{"": {"cliproxyapi", "redis", "router"},
		"-upstream=cliproxyapi": {"cliproxyapi", "redis", "router"}} {
		dir := t.TempDir()
		if out, err := shell(t, dir, binary+" init "+upstream+" "+freePorts(t)); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		project := loadCompose(t, dir, "-redis -upstream-image=eceasy/cli-proxy-api:v7.1.0")
		if names := project.ServiceNames(); !slices.Equal(names, services) {
			t.Errorf("%q: %q", upstream, names)
		}
		for _, s := range project.Services {
			checkHardened(t, s)
			for _, secret := range s.Secrets {
				file := project.Secrets[secret.Source].File
				if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: the secret %s: %v", s.Name, file, err)
				}
			}
		}
		router := project.Services["router"]
		if len(router.Ports) != 1 || router.Ports[0].HostIP != "127.0.0.1" {
			t.Errorf("published at %+v", router.Ports)
		}
		if router.StopGracePeriod == nil || time.Duration(*router.StopGracePeriod) <= 600*time.Second {
			t.Errorf("a router is killed after %v, while requests may take 10 minutes", router.StopGracePeriod)
		}
		if upstream != "" && project.Services["cliproxyapi"].ContainerName == "" {
			t.Error("a second CLIProxyAPI could be started")
		}
	}
}

// checkHardened checks what every container has to be.
func checkHardened(t *testing.T, s types.ServiceConfig) {
	t.Helper()
	user, _, _ := strings.Cut(s.User, ":")
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") ||
		s.Init == nil || !*s.Init || s.HealthCheck == nil || s.StopGracePeriod == nil || s.Privileged || user == "" ||
		s.MemLimit == 0 || s.PidsLimit == 0 || s.NetworkMode == "host" {
		t.Errorf("%s is not closed: %+v", s.Name, s)
	}
	if s.Name != "router" && len(s.Ports) > 0 {
		t.Errorf("%s is published: %+v", s.Name, s.Ports)
	}
}
