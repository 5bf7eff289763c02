package logfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

func TestAFullDiskLeavesNoHalfLineAndACutMakesRoom(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	dir := t.TempDir()
	rightstest.SmallDisk(t, dir, "64k")
	log, events := filepath.Join(dir, "a.log"), filepath.Join(dir, "events.log")
	if err := logfile.Append(events, []byte("before"), logfile.Limits{}); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil { // until no byte fits
		_, err = file.WriteString(strings.Repeat("x", 999) + "\n")
	}
	if err := logfile.Append(events, []byte(strings.Repeat("y", 5000)), logfile.Limits{}); !errors.Is(err,
		syscall.ENOSPC) {
		t.Fatalf("append on a full disk: %v", err)
	}
	if got := collect(t, &logfile.Follower{Path: events}); !slices.Equal(got, []string{"before"}) {
		t.Errorf("events %.80q", got)
	}
	dropped, err := logfile.Cut(log, logfile.Limits{Size: 10000, Keep: 2})
	if err != nil || dropped == 0 {
		t.Errorf("cut on a full disk: dropped %d, %v", dropped, err)
	}
	if err := logfile.Append(events, []byte(strings.Repeat("y", 5000)), logfile.Limits{}); err != nil {
		t.Errorf("after the cut: %v", err)
	}
}
