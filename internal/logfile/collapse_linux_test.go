package logfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

func TestNoLineIsLostOrTwiceWhileAFileIsCutUnderItsReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	appendTo(t, path, "")
	if !canCollapse(t, dir) {
		t.Skip("this file system cannot take the front off a file: the promise does not hold here")
	}
	const total = 60000
	limits := logfile.Limits{Size: 64 << 10, Keep: 100}
	var writer sync.WaitGroup
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	writer.Go(func() {
		defer close(written)
		defer file.Close()
		for i := range total {
			// Beyond twice the limit Cut gives the middle up, by design: wait for it before that.
			for info, err := file.Stat(); err == nil && info.Size() > limits.Size*3/2 && t.Context().Err() == nil; info,
				err = file.Stat() {
				runtime.Gosched()
			}
			if _, err := fmt.Fprintf(file, "line %d %s\n", i, strings.Repeat("x", i%90)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	f := &logfile.Follower{Path: path}
	next, cuts := 0, 0
	check := func(line []byte) error {
		if !strings.HasPrefix(string(line), fmt.Sprintf("line %d ", next)) {
			return fmt.Errorf("line %d came as %.40q", next, line)
		}
		next++
		return nil
	}
	for done := false; !done; {
		select {
		case <-written:
			done = true
		default:
		}
		before := len(names(t, dir))
		if dropped, err := logfile.Cut(path, limits); err != nil || dropped > 0 {
			t.Fatalf("dropped %d bytes, %v", dropped, err)
		}
		cuts += len(names(t, dir)) - before
		if err := f.Poll(check); err != nil {
			t.Fatal(err)
		}
	}
	writer.Wait()
	if err := f.Poll(check); err != nil || next != total || cuts < 3 {
		t.Errorf("%d of %d lines across %d cuts, %v", next, total, cuts, err)
	}
}

func canCollapse(t *testing.T, dir string) bool {
	path := filepath.Join(dir, "try")
	appendTo(t, path, strings.Repeat("x", 3*4096))
	defer func() {
		for _, name := range names(t, dir) {
			if strings.HasPrefix(name, "try") {
				_ = os.Remove(filepath.Join(dir, name))
			}
		}
	}()
	_, err := logfile.Cut(path, logfile.Limits{Size: 4096, Keep: 1})
	info, statErr := os.Stat(path)
	return err == nil && statErr == nil && info.Size() == 4096
}
