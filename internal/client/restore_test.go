package client_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
)

// A file that the user had is never removed, also when nothing but its braces is left of it and
// somebody has saved it anew.
func TestAnEmptyFileOfTheUsersStays(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "claude")
	path := c.Files[0].Path(h.options().Getenv)
	h.write(path, "{}\n")
	if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	h.write(path, h.read(path)+"\n")
	if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

// A value can be written in several ways. The record of Setup has the file's own bytes, and a new
// key in between does not end that.
func TestARestoreAfterANewKeyGivesBackTheBytes(t *testing.T) {
	t.Parallel()
	h, c := newHome(t), find(t, "aider")
	path := c.Files[0].Path(h.options().Getenv)
	const before = "model: 'mine'   # quoted\nopenai-api-base:  \"http://127.0.0.1:1\"\n"
	h.write(path, before)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	if files, err := client.ReplaceKey(t.Context(), c, router.Key, newKey, h.options()); err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
		t.Fatal(err)
	}
	if got := h.read(path); got != before {
		t.Errorf("%q", got)
	}
}

// What a record says of one file is never written into another, and a record of an unknown form is
// not guessed at.
func TestARecordThatIsNotThisFilesIsNotUsed(t *testing.T) {
	t.Parallel()
	for member, value := range map[string]string{"file": "/elsewhere", "schema": "flowgate.client/v9"} {
		h, c := newHome(t), find(t, "aider")
		path := c.Files[0].Path(h.options().Getenv)
		const before = "dark-mode: true # mine\n"
		h.write(path, before)
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		h.changeRecord("aider", func(record map[string]any) {
			record[member], record["before"] = value, []byte("theirs: true\n")
		})
		if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		if got := h.read(path); got != before {
			t.Errorf("%s: %q", member, got)
		}
	}
}

// changeRecord changes what FlowGate keeps of a client's file.
func (h *home) changeRecord(name string, change func(map[string]any)) {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join(h.dir, ".state", "*", "clients", name+"-*"))
	if err != nil || len(paths) != 1 {
		h.t.Fatalf("%q, %v", paths, err)
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(h.read(paths[0])), &record); err != nil {
		h.t.Fatal(err)
	}
	change(record)
	text, err := json.Marshal(record)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(paths[0], text, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func TestNoKeyIsWrittenWhereOtherUsersCanReadIt(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o600, 0o640, 0o604} {
		h, c := newHome(t), find(t, "gemini")
		h.fillFiles(c, 3)
		for _, f := range c.Files {
			if err := os.Chmod(f.Path(h.options().Getenv), mode); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil || h.hasKey(c) != (mode == 0o600) {
			t.Errorf("mode %04o: the key is in the file: %v, %v", mode, h.hasKey(c), err)
		}
	}
}
