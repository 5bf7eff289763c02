package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
)

// Not parallel: the search begins in the working folder.
func TestTheNearestInstallationAboveIsFound(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b", "c")
	for name, c := range map[string]struct {
		make       []string // files; a name that ends in / is a folder
		home, want string
		dir        string
		above      bool
	}{
		"nothing":                   {nil, "", "", ".", false},
		"here":                      {[]string{"a/b/c/config/flowgate.yaml", "a/config/flowgate.yaml"}, "", "config/flowgate.yaml", ".", false},
		"here, the other name":      {[]string{"a/b/c/flowgate.yaml"}, "", "flowgate.yaml", ".", false},
		"above":                     {[]string{"a/config/flowgate.yaml"}, "", "../../config/flowgate.yaml", "../..", true},
		"above, the other name":     {[]string{"a/b/flowgate.yaml"}, "", "../flowgate.yaml", "..", true},
		"the nearest":               {[]string{"flowgate.yaml", "a/b/flowgate.yaml"}, "", "../flowgate.yaml", "..", true},
		"a built-in default above":  {[]string{"a/.router/"}, "", "", "../..", true},
		"a default nearer":          {[]string{"flowgate.yaml", "a/.router/"}, "", "", "../..", true},
		"a file beside its .router": {[]string{"a/flowgate.yaml", "a/.router/"}, "", "../../flowgate.yaml", "../..", true},
		"a file named .router":      {[]string{"a/.router", "flowgate.yaml"}, "", "../../../flowgate.yaml", "../../..", true},
		"in a git root":             {[]string{"a/.git/", "a/flowgate.yaml"}, "", "../../flowgate.yaml", "../..", true},
		"above a git root":          {[]string{"a/b/.git/", "a/flowgate.yaml"}, "", "", ".", false},
		"above a linked work tree":  {[]string{"a/b/c/.git", "a/flowgate.yaml"}, "", "", ".", false},
		"in the home folder":        {[]string{"a/flowgate.yaml"}, "a", "../../flowgate.yaml", "../..", true},
		"above the home folder":     {[]string{"flowgate.yaml"}, "a", "", ".", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(root, "flowgate.yaml"))
			if err := os.MkdirAll(deep, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range c.make {
				if file[len(file)-1] == '/' {
					if err := os.MkdirAll(filepath.Join(root, file), 0o700); err != nil {
						t.Fatal(err)
					}
					continue
				}
				makeEmptyFile(t, filepath.Join(root, file))
			}
			t.Chdir(deep)
			home := ""
			if c.home != "" {
				home = filepath.Join(root, c.home)
			}
			if got := config.Locate("", home); got != (config.Place{File: c.want, Dir: c.dir, Found: c.above || c.want != "", Above: c.above}) {
				t.Errorf("found %+v", got)
			}
			if got := config.Locate("x.yaml", home); got != (config.Place{File: "x.yaml", Dir: ".", Found: true}) {
				t.Errorf("the file that was named became %+v", got)
			}
		})
	}
}

func TestNobodyElsesFolderIsLookedAt(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "shared", "mine")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	makeEmptyFile(t, filepath.Join(root, "shared", "flowgate.yaml"))
	t.Chdir(deep)
	if got := config.Locate("", ""); got.File == "" {
		t.Fatalf("found nothing in a folder of one's own: %+v", got)
	}
	if err := os.Chmod(filepath.Join(root, "shared"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := config.Locate("", ""); got != (config.Place{Dir: "."}) {
		t.Errorf("found %+v in a folder that everybody may write", got)
	}
	if err := os.Chmod(filepath.Join(root, "shared"), 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return // only root can give a folder to another user
	}
	if err := os.Chown(filepath.Join(root, "shared"), 4242, 4242); err != nil {
		t.Fatal(err)
	}
	if got := config.Locate("", ""); got != (config.Place{Dir: "."}) {
		t.Errorf("found %+v in a folder of another user", got)
	}
}

// A link leads to the real folder, whose own parents are looked at.
func TestALinkIsFollowedBeforeTheSearch(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"real/sub", "other"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	makeEmptyFile(t, filepath.Join(root, "real", "flowgate.yaml"))
	makeEmptyFile(t, filepath.Join(root, "other", "flowgate.yaml"))
	link := filepath.Join(root, "other", "link")
	if err := os.Symlink(filepath.Join(root, "real", "sub"), link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(link)
	found, err := os.Stat(config.Locate("", "").File)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := os.Stat(filepath.Join(root, "real", "flowgate.yaml")); !os.SameFile(found, want) {
		t.Error("the file beside the link was found")
	}
}
