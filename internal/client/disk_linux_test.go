package client_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// fillDisk writes a file until its disk is full, and returns a function that removes it.
func fillDisk(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFullDiskLeavesTheFileAsItWas(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	c := find(t, "gemini") // has two files
	for _, full := range []string{".gemini", ".state"} {
		h := newHome(t)
		disk := filepath.Join(h.dir, full)
		rightstest.SmallDisk(t, disk, "64k")
		before := h.fillFiles(c, 3)
		if err := os.MkdirAll(filepath.Join(h.dir, ".state/flowgate/clients"), 0o700); err != nil {
			t.Fatal(err)
		}
		expect := func(title string) {
			for i, f := range c.Files {
				if got := h.read(f.Path(h.options().Getenv)); got != before[i] {
					t.Errorf("%s full, %s: %s is\n%q, was\n%q", full, title, f.Name, got, before[i])
				}
			}
		}
		free := fillDisk(t, disk)
		_, err := client.Setup(t.Context(), c, router, h.options())
		if f := fault.From(err); f == nil || f.Code != "write-failed" || !strings.Contains(f.Error(), "no space left") {
			t.Errorf("%s full: %v", full, err)
		}
		expect("set up")
		if left := h.records(); len(left) > 0 {
			t.Errorf("%s full: there is a record of a change that was not made: %v", full, left)
		}
		free()
		if _, err := client.Setup(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		if full == ".gemini" {
			undo := rightstest.ReadOnly(t, disk)
			_, err = client.Restore(t.Context(), c, router, h.options())
			if f := fault.From(err); f == nil || f.Code != "write-failed" || len(h.records()) != 2 {
				t.Errorf("restored on a disk that is read-only: %v, %v", err, h.records())
			}
			undo()
		}
		if _, err := client.Restore(t.Context(), c, router, h.options()); err != nil {
			t.Fatal(err)
		}
		expect("restored")
		if left := h.records(); len(left) > 0 {
			t.Errorf("%s: records are left: %v", full, left)
		}
	}
}

// TestTheFirstFileIsPutBackWhenTheSecondCannotBeWritten has a disk for the second file alone.
func TestTheFirstFileIsPutBackWhenTheSecondCannotBeWritten(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	h, c := newHome(t), find(t, "continue")
	c.Files[1].Home = ".disk"
	disk := filepath.Join(h.dir, ".disk")
	rightstest.SmallDisk(t, disk, "64k")
	before := h.fillFiles(c, 5)
	fillDisk(t, disk)
	if _, err := client.Setup(t.Context(), c, router, h.options()); !fault.HasCode(err, "write-failed") {
		t.Errorf("%v", err)
	}
	for i, f := range c.Files {
		if got := h.read(f.Path(h.options().Getenv)); got != before[i] {
			t.Errorf("%s is\n%q, was\n%q", f.Name, got, before[i])
		}
	}
	if left := h.records(); len(left) > 0 {
		t.Errorf("there is a record of a change that was taken back: %v", left)
	}
}
