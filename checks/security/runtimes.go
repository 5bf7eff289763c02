package security

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/regular"
	"github.com/flowgate-go/flowgate/internal/runtimes"
)

// recorded is the file beside an installed runtime with the digests of its
// files, as sha256sum writes them.
const recorded = "SHA256SUMS"

func (s *subject) runtimesIntact() checks.Check {
	return checks.Check{
		ID: "runtimes.intact", Title: "Installed runtimes are what was installed", Timeout: 5 * time.Minute,
		About: "Compares each file of a runtime in the store (.router/store/NAME/VERSION-DIGEST/) with the digest that SHA256SUMS beside it recorded when it was installed. A runtime that has no such record cannot be compared, and the check says so.",
		Run: func(ctx context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.noConfig()
			}
			store := filepath.Join(s.cfg.Paths.Root(), "store")
			installs, _ := filepath.Glob(filepath.Join(store, "*", "*"))
			if len(installs) == 0 {
				return checks.Skipped("no runtime is installed in %s", s.shown(store))
			}
			var changed, unrecorded []string
			for _, dir := range installs {
				sums, err := regular.Read(filepath.Join(dir, recorded))
				if err != nil {
					unrecorded = append(unrecorded, dir)
					continue
				}
				changed = append(changed, differing(ctx, dir, string(sums))...)
			}
			switch {
			case len(changed) > 0:
				return checks.Failed("").WithDetail(listing{names(changed) + ": not what was installed", changed}).WithFix("", "remove the folder and install the runtime again")
			case len(unrecorded) > 0:
				return checks.Warned("").WithDetail(listing{"no digests were recorded for " + names(unrecorded), unrecorded})
			}
			return checks.Passed(nil)
		},
	}
}

// differing are the files under dir that are not as sums has them.
func differing(ctx context.Context, dir, sums string) (changed []string) {
	for line := range strings.Lines(sums) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		path := filepath.Join(dir, strings.TrimLeft(name, " *"))
		if !ok || ctx.Err() != nil {
			continue
		}
		if got, err := digest(path); err != nil || got != want {
			changed = append(changed, path)
		}
	}
	return changed
}

func digest(path string) (string, error) {
	f, err := regular.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// compromised says why a release steals what it can read, or "".
func compromised(runtime, version string) string {
	switch runtime + " " + version {
	case "litellm 1.82.7", "litellm 1.82.8":
		return "the release of 24 March 2026 on PyPI that steals credentials (github.com/BerriAI/litellm/issues/24518)"
	}
	return ""
}

func (s *subject) runtimesUncompromised() checks.Check {
	return checks.Check{
		ID: "runtimes.uncompromised", Title: "No runtime is a release known to be malicious",
		About: "Compares the versions of the runtimes that the services execute with a list of releases that were tampered with. The list is part of this program and as old as it is. After such a release ran, replace every credential that the machine held.",
		Run: func(context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.noConfig()
			}
			looked := false
			for _, svc := range s.cfg.Services {
				spec, err := runtimes.Command(s.cfg, svc, runtimes.Environment{
					Self: process.Self(), Cwd: s.o.Cwd, Environ: s.o.Environ, LookPath: exec.LookPath,
				})
				if err != nil || spec.Version == "" {
					continue
				}
				looked = true
				if why := compromised(svc.Runtime, spec.Version); why != "" {
					return checks.Failed("%s runs %s %s: %s", svc.Name, svc.Runtime, spec.Version, why).WithFix("", "install another version, and replace every credential of this machine")
				}
			}
			if !looked {
				return checks.Skipped("the services run nothing but FlowGate itself, or programs of unknown version")
			}
			return checks.Passed(nil)
		},
	}
}

func (s *subject) vulnerabilities() checks.Check {
	return checks.Check{
		ID: "flowgate.vulnerabilities", Title: "No known vulnerability is in what FlowGate calls", Timeout: 10 * time.Minute,
		About: "With -online and in FlowGate's own source tree, runs govulncheck over it, which asks the Go vulnerability database. The same as `mage vuln`.",
		Run: func(ctx context.Context) checks.Outcome {
			if !s.o.Online {
				return checks.Skipped("needs the network: -online")
			}
			if _, err := os.Stat(filepath.Join(s.root, "tools", "go.mod")); err != nil {
				return checks.Skipped("%s is not FlowGate's source tree", s.root)
			}
			cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "govulncheck", "./...")
			cmd.Dir = s.root
			out, err := cmd.CombinedOutput()
			if err != nil {
				lines := strings.Split(strings.TrimSpace(string(out)), "\n")
				return checks.Failed("govulncheck: %s", lines[len(lines)-1]).WithFix("mage vuln", "it says what calls what")
			}
			return checks.Passed(nil)
		},
	}
}
