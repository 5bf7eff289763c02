package patch_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
)

func FuzzAPatchIsReadOrRefused(f *testing.F) {
	f.Add("\x00abc\x002026-01-01T00:00:00Z\x00a <a@b>\n\nmessage\x00\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 " +
		"+1,2 @@ f\n-a\n-b\n+c\n+d\n\\ No newline at end of file\n")
	f.Add("diff --cc x\n+++ b/x\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n")
	f.Add("+++ \"b/\\303\\274\\n\"\n@@ -0,0 +1 @@\n+x")
	f.Add("@@ -1,99 +1 @@\n")
	f.Add("diff --git a/x b/x\nindex 12..34 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n+b\n c\n")
	f.Add("diff --git a/x b/y\nrename from x\nrename to y\nindex 12..34\nBinary files a/x and b/y differ\n")
	f.Add("+++ b/x\n@@@ -2,1 -2,1 +2,18446744073709551615 @@@\n--b\n")
	f.Fuzz(func(t *testing.T, text string) {
		size := 0
		_, err := patch.ParseAll(strings.NewReader(text), func(a patch.Addition) error {
			if a.Kind == patch.AddedLines {
				size += len(a.Text)
			}
			return nil
		})
		if err == nil && size > len(text) {
			t.Fatalf("%d bytes from %d", size, len(text))
		}
	})
}

// What git 2.39 prints of the stash of a change that takes the end off a file.
func TestACombinedPatchThatEndsAFileIsRead(t *testing.T) {
	t.Parallel()
	var added []string
	_, err := patch.ParseAll(strings.NewReader("diff --cc x\n--- a/x\n+++ b/x\n@@@ -2,1 -2,1 +2,18446744073709551615 @@@ "+
		"f\n--b\ndiff --cc y\n--- a/y\n+++ b/y\n@@@ -1,1 -1,1 +1,1 @@@\n--a\n++c\n"),
		func(a patch.Addition) error { added = append(added, a.Path+":"+a.Text); return nil })
	if err != nil || len(added) != 1 || added[0] != "y:c\n" {
		t.Errorf("%q, %v", added, err)
	}
}

func TestAPatchThatBreaksOffIsIncomplete(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"+++ b/x\n@@ -0,0 +1,2 @@\n+a\n", "@@ nonsense @@\n", "\x00nothing\n", "+++ x\n", "+++ \"b/\\9\"\n", "+++ \"b\n",
		"@@@ -1 +1 @@@\n", "@@ -1,-5 +1 @@\n",
	} {
		if _, err := patch.ParseAll(strings.NewReader(text), func(patch.Addition) error { return nil }); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzARawLineIsReadOrRefused(f *testing.F) {
	f.Add(":100644 100644 1111 2222 M\ta b")
	f.Add("::100644 100644 100644 1111 2222 3333 MM\t\"a\\tb\"")
	f.Add(":000000 160000 0000 2222 A\tsub")
	f.Add(":::\t")
	f.Fuzz(func(t *testing.T, line string) {
		a, err := patch.ParseObject(line)
		if err == nil && a.Kind == patch.Opaque && (a.Blob == "" || len(a.OldBlobs) > strings.Count(line, ":")) {
			t.Fatalf("%q: %+v", line, a)
		}
	})
}
