package summary

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// withLedgers opens the ledgers for do that paths, separated by commas, mean: those that replicas of a router
// have written. Without paths it opens the one of the installation. Faults: usage-not-kept, flag-invalid, and those of
// ledger.Open.
func withLedgers(cfg *config.Config, paths string, do func([]*ledger.Reader) error) (err error) {
	if paths == "" {
		return withLedger(cfg, func(reader *ledger.Reader) error { return do([]*ledger.Reader{reader}) })
	}
	var readers []*ledger.Reader
	defer func() {
		for _, r := range readers {
			_ = r.Close() // it was only read
		}
	}()
	var seen []fs.FileInfo
	for path := range strings.SplitSeq(paths, ",") {
		files, err := findLedgers(strings.TrimSpace(path))
		if err != nil {
			return err
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				return fault.Usage("flag-invalid", "-ledgers=%s: %w", path, err)
			}
			if slices.ContainsFunc(seen, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
				return fault.Usage("flag-invalid", "-ledgers names %s twice, and would count it twice", file)
			}
			seen = append(seen, info)
			r, err := ledger.OpenFile(file)
			if err != nil {
				return err
			}
			readers = append(readers, r)
		}
	}
	return do(readers)
}

// findLedgers returns the ledgers that a path means; at least one.
func findLedgers(path string) ([]string, error) {
	files, err := ledger.Find(path)
	if err == nil && len(files) == 0 {
		err = errors.New("no ledger is there")
	}
	if err != nil {
		return nil, fault.Usage("flag-invalid", "-ledgers=%s: %w", path, err).
			WithHint("name %s files, folders that have one, "+
				"or a folder with a folder for each replica, separated by commas", ledger.FileName)
	}
	return files, nil
}
