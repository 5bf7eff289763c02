package bootstrap

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/archive"
	"github.com/flowgate-go/flowgate/internal/download"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
)

// prepareRelease fetches a release's archive for this machine, checks its digest and returns
// the install to add.
func (r Request) prepareRelease(ctx context.Context) (store.NewInstall, error) {
	g, release, err := r.findRelease(ctx)
	if err != nil {
		return store.NewInstall{}, err
	}
	version := strings.TrimPrefix(release.Tag, "v")
	asset, err := release.findArchive(runtime.GOOS, runtime.GOARCH, usesMusl())
	if err != nil {
		return store.NewInstall{}, err
	}
	want, err := r.expectedDigest(ctx, g, release, asset.Name)
	if err != nil {
		return store.NewInstall{}, err
	}
	fmt.Fprintf(r.Progress, "fetching %s of %s %s\n", asset.Name, g.repository, release.Tag)
	path := filepath.Join(store.PartialDir(r.Config, r.Runtime), version+"-"+filepath.Base(asset.Name))
	sum, err := download.Get(
		ctx,
		download.Request{URL: asset.URL, Path: path, SHA256: want, Client: r.Client, Progress: r.progressReporter()},
	)
	if err != nil {
		return store.NewInstall{}, err
	}
	n := r.installFromArchive(path, version, sum)
	n.Source = "https://github.com/" + g.repository + "/releases/tag/" + release.Tag
	if g.api != "https://api.github.com" {
		n.Source = asset.URL
	}
	n.Fill = r.unpackAndCheck(n.Fill, path, version)
	return n, nil
}

// findRelease returns the release of the version that was asked for, or the latest.
func (r Request) findRelease(ctx context.Context) (github, githubRelease, error) {
	if r.Offline {
		return github{}, githubRelease{}, fault.New("offline", "%s is not installed, and -offline forbids fetching it",
			displayName(r)).
			WithHint("give a file with -from=FILE, or leave -offline out")
	}
	g, err := r.githubClient()
	if err != nil {
		return github{}, githubRelease{}, err
	}
	release, err := g.findRelease(ctx, r.Version)
	if err != nil {
		return github{}, githubRelease{}, err
	}
	version := strings.TrimPrefix(release.Tag, "v") // it becomes part of a folder's name
	return g, release, (Request{Runtime: r.Runtime, Version: version}).validate()
}

// unpackAndCheck returns a function that fills an install with unpack, removes the
// archive at path, and checks that the program reports the version.
func (r Request) unpackAndCheck(
	unpack func(context.Context, string, *store.NewInstall) error, path, version string,
) func(context.Context, string, *store.NewInstall) error {
	return func(ctx context.Context, dir string, n *store.NewInstall) error {
		err := unpack(ctx, dir, n)
		_ = os.Remove(path) // unpacked, or unusable
		if err != nil {
			return err
		}
		return r.checkReportedVersion(ctx, filepath.Join(dir, n.Binary), version)
	}
}

// expectedDigest returns the SHA-256 that the archive must have; "" when any is accepted.
// Faults: checksum-missing, those of get.
func (r Request) expectedDigest(ctx context.Context, g github, release githubRelease, name string) (string, error) {
	if r.SHA256 != "" {
		return strings.TrimPrefix(strings.ToLower(r.SHA256), "sha256:"), nil
	}
	if list, ok := release.findAsset("checksums.txt"); ok {
		text, err := g.get(ctx, list.URL, "*/*", "")
		if err != nil {
			return "", err
		}
		if sum, ok := findChecksum(string(text), name); ok {
			return sum, nil
		}
	}
	if r.NoChecksum {
		return "", nil
	}
	return "", fault.New("checksum-missing", "release %s has no checksum for %s", release.Tag, name).
		WithHint("a fresh release may still be uploading: try again later. -sha256=… gives the digest; " +
			"-insecure-no-checksum installs without one")
}

// installFromArchive returns the install to add from an archive.
func (r Request) installFromArchive(path, version, sum string) store.NewInstall {
	return store.NewInstall{
		Name:    r.Runtime,
		Version: version,
		Digest:  "sha256:" + sum,
		Fill: func(ctx context.Context, dir string, n *store.NewInstall) error {
			if err := archive.Extract(ctx, path, dir, archive.Limits{}); err != nil {
				return err
			}
			binary, err := findProgramIn(dir)
			if err != nil {
				return err
			}
			n.Binary = filepath.Base(binary)
			root := filepath.Join(dir, n.Binary)
			if binary != root {
				if err := os.Rename(binary, root); err != nil {
					return fault.New("unpack-failed", "%w", err)
				}
			}
			if err := os.Chmod(root, 0o700); err != nil { //nolint:gosec // a program is executable
				return fault.New("unpack-failed", "%w", err)
			}
			return store.CheckPlatform(root)
		},
	}
}

// findProgramIn returns the path of CLIProxyAPI's program in any folder of an unpacked release.
func findProgramIn(dir string) (string, error) {
	binary := ""
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && binary == "" && d.Type().IsRegular() && slices.Contains(runtimestore.BinaryNames(), d.Name()) {
			binary = path
		}
		return err
	})
	if err != nil {
		return "", fault.New("unpack-failed", "%w", err)
	}
	if binary == "" {
		return "", fault.New("binary-missing", "the archive holds none of %s",
			strings.Join(runtimestore.BinaryNames(), ", ")).
			WithHint("it is the archive of another project; check -repository or -from")
	}
	return binary, nil
}

// progressReporter returns a function that writes a download's progress to r.Progress after
// each tenth of the size.
func (r Request) progressReporter() func(done, total int64) {
	last := int64(-1)
	return func(done, total int64) {
		if total == 0 {
			return
		}
		if tenth := done * 10 / total; tenth != last {
			last = tenth
			fmt.Fprintf(r.Progress, "%d of %d MB\n", done>>20, total>>20)
		}
	}
}

// displayName returns the runtime and, if the request has one, the version.
func displayName(r Request) string {
	if r.Version == "" {
		return r.Runtime
	}
	return r.Runtime + " " + r.Version
}
